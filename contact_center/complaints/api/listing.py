"""The register of complaints over HTTP, as a list and as a file, and the letters."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from contact_center.complaints import queries
from contact_center.complaints.actions.letters import letter
from contact_center.complaints.actions.listing import register_file
from contact_center.complaints.api.views import turn_of
from contact_center.complaints.models import Outcome, Stage
from contact_center.complaints.queries import Entry, Filter
from contact_center.complaints.rules.letters import LetterKind
from contact_center.tickets.api.views import reader_of
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp

routes = Routes("complaints")

Code = Annotated[str, Field(max_length=64)]


class ComplaintLine(BaseModel):
    """A line of the register."""

    ticket_id: int
    reference: str
    subject: str
    stage: Stage
    level: int
    received_at: datetime
    responded_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None = Field(description="the stage it was closed from")
    outcome: Outcome | None
    root_cause: str | None
    severity: int | None
    safety: int | None
    granted: int = Field(description="redress, in hundredths of the currency's unit")
    external_body: str | None


class PastComplaintView(BaseModel):
    """What remains of a file that was deleted: nothing that leads to anybody."""

    model_config = ConfigDict(from_attributes=True)

    month: str = Field(description="of the receipt", examples=["2026-03"])
    channel: str
    category: str | None
    preset: str
    level: int
    close_reason: str | None
    outcome: Outcome | None
    root_cause: str | None
    safety: int | None
    external: bool = Field(description="taken to a body outside")
    granted: int = Field(description="redress, in hundredths of the currency's unit")
    answered_in: int | None = Field(description="days")


class LetterView(BaseModel):
    kind: LetterKind
    language: str
    title: str
    paragraphs: list[str]


@routes.get("/complaints", permission=Permission.REPORTS_READ)
async def list_complaints(
    call: Call,
    stage: Stage | None = None,
    open_only: bool = False,
    outcome: Outcome | None = None,
    root_cause: Code | None = None,
    since: Timestamp | None = None,
    until: Timestamp | None = None,
    unsafe: bool = False,
    external: bool = False,
    silent: bool = False,
    after: Cursor | None = None,
    limit: Limit = 50,
) -> Page[ComplaintLine]:
    """List complaints, the newest first.

    With `silent` those whose customers have said nothing to our response: people close them.
    """
    (before,) = read_cursor(after, int) or (None,)
    wanted = Filter(
        stage=stage,
        open_only=open_only,
        outcome=outcome,
        root_cause=root_cause,
        since=since,
        until=until,
        unsafe=unsafe,
        external=external,
        silent_since=call.runtime.procedure.silent_since(call.now) if silent else None,
        reader=reader_of(call),
    )
    rows = await queries.register(call.session, wanted, before=before, limit=limit + 1)
    return page_of(rows, limit=limit, key=lambda e: (e.ticket.id,), show=_line)


@routes.get("/complaints.csv", permission=Permission.REPORTS_READ, media_type="text/csv")
async def export_complaints(
    call: Call, since: Timestamp | None = None, until: Timestamp | None = None
) -> web.Response:
    """Download the register; no cell of it is a formula."""
    text = await register_file(
        call.session, Filter(since=since, until=until, reader=reader_of(call))
    )
    headers = {"Content-Disposition": 'attachment; filename="complaints.csv"'}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


@routes.get("/past-complaints", permission=Permission.REPORTS_READ)
async def list_past_complaints(
    call: Call, after: Cursor | None = None, limit: Limit = 50
) -> Page[PastComplaintView]:
    """List figures of complaints whose files were deleted when their time was over."""
    (before,) = read_cursor(after, int) or (None,)
    rows = await queries.past_complaints(call.session, before=before, limit=limit + 1)
    return page_of(
        rows, limit=limit, key=lambda one: (one.id,), show=PastComplaintView.model_validate
    )


@routes.get("/tickets/{ticket_id}/complaint/letters/{kind}", permission=Permission.TICKETS_READ)
async def show_letter(
    call: Call, ticket_id: Id, kind: LetterKind, language: Code | None = None
) -> LetterView:
    """Show a letter with what the file knows; nothing is sent."""
    turn = turn_of(call)
    case = await queries.view_case(call.session, ticket_id, procedure=turn.procedure)
    found = await letter(
        call.session, case, kind, language=language or case.ticket.language, turn=turn
    )
    return LetterView(
        kind=kind, language=found.language, title=found.title, paragraphs=list(found.paragraphs)
    )


def _line(entry: Entry) -> ComplaintLine:
    complaint, ticket = entry.complaint, entry.ticket
    taken = ("ticket_id", "stage", "level", "received_at", "responded_at", "closed_at")
    also = ("close_reason", "root_cause", "severity", "safety", "external_body")
    return ComplaintLine(
        **{name: getattr(complaint, name) for name in (*taken, *also)},
        reference=ticket.reference,
        subject=ticket.subject,
        outcome=entry.decision.outcome if entry.decision else None,
        granted=entry.granted,
    )
