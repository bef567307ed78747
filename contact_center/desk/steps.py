"""What agents do with a ticket: each step is one transaction, and answers with what changed."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.closure import actions as closure
from contact_center.complaints.actions import filing
from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to, page
from contact_center.desk.rows import rows_of
from contact_center.desk.ticket import state
from contact_center.desk.times import local_time
from contact_center.desk.turns import turn_of
from contact_center.errors import Invalid
from contact_center.events.rules import Actor
from contact_center.handovers.actions import requests as handovers
from contact_center.links import actions as links
from contact_center.links.models import LinkKind
from contact_center.tickets import actions
from contact_center.tickets.models import (
    Priority,
    ResolutionCode,
    Status,
    TicketKind,
)
from contact_center.tickets.queries import Queue, get_ticket, lock_ticket
from contact_center.tickets.rules import parse_reference
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

_WRITE, _ASSIGN = Permission.TICKETS_WRITE, Permission.TICKETS_ASSIGN
_OVERRIDE = Permission.TICKETS_OVERRIDE
Step = Callable[["AsyncSession"], Awaitable[object]]
Reason = Annotated[str, Field(max_length=1000)]
Reference = Annotated[str, Field(max_length=40)]


class AssignForm(BaseModel):
    to: Id
    reason: Reason = ""


class WaitForm(BaseModel):
    status: Status
    until: Annotated[str, Field(max_length=40)] = ""  # local, as a browser's field gives it
    reason: Reason = ""


class ResolveForm(BaseModel):
    code: ResolutionCode


class ReasonForm(BaseModel):
    reason: Reason = ""


class OtherForm(BaseModel):
    other: Reference
    kind: LinkKind = LinkKind.RELATED


class SplitForm(BaseModel):
    messages: Annotated[str, Field(pattern=r"^[0-9]+(,[0-9]+)*$", max_length=2000)]
    subject: Annotated[str, Field(max_length=200)] = ""


class EditForm(BaseModel):
    kind: TicketKind
    reason: Reason = ""  # why it is no complaint after all
    priority: Priority
    subject: Annotated[str, Field(min_length=1, max_length=500)]
    category: Annotated[str, Field(max_length=64)] = ""
    tags: Annotated[str, Field(max_length=500)] = ""
    version: int


@routes.post("/tickets/{ticket_id}/claim", permission=_WRITE, transaction=False)
async def claim(
    call: Call, ticket_id: Id, form: Form[Nothing], row: Queue | None = None
) -> web.Response:
    """From the page of the ticket, or from its `row` in a queue."""
    if row is None:
        return await _do(call, ticket_id, actions.claim, anybody=True)
    async with call.runtime.db.begin() as session:
        await actions.claim(session, ticket_id, by=_by(call), now=call.now)
    async with call.runtime.db.read() as session:
        ticket = await get_ticket(session, ticket_id)
        rows = await rows_of(session, [ticket], agent_id=call.agent.id, now=call.now)
    return page(call, "row_news.html", rows=rows, gone=[], queue=row)


@routes.post("/tickets/{ticket_id}/release", permission=_WRITE, transaction=False)
async def release(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    as_lead = call.agent.may(Permission.TICKETS_OVERRIDE)
    return await _do(call, ticket_id, handovers.release, as_lead=as_lead)


@routes.post("/tickets/{ticket_id}/assign", permission=_ASSIGN, transaction=False)
async def assign(call: Call, ticket_id: Id, form: Form[AssignForm]) -> web.Response:
    return await _do(call, ticket_id, handovers.assign, to=form.to, reason=form.reason)


@routes.post("/tickets/{ticket_id}/wait", permission=_WRITE, transaction=False)
async def wait(call: Call, ticket_id: Id, form: Form[WaitForm]) -> web.Response:
    return await _do(
        call,
        ticket_id,
        actions.wait,
        status=form.status,
        reason=form.reason,
        review_at=local_time(form.until, zone=call.agent.time_zone),
    )


@routes.post("/tickets/{ticket_id}/resume", permission=_WRITE, transaction=False)
async def resume(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    return await _do(call, ticket_id, actions.resume)


@routes.post("/tickets/{ticket_id}/no-reply-needed", permission=_WRITE, transaction=False)
async def need_no_reply(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    return await _do(call, ticket_id, actions.need_no_reply)


@routes.post("/tickets/{ticket_id}/resolve", permission=_WRITE, transaction=False)
async def resolve(call: Call, ticket_id: Id, form: Form[ResolveForm]) -> web.Response:
    return await _do(call, ticket_id, closure.resolve, code=form.code)


@routes.post("/tickets/{ticket_id}/reopen", permission=_WRITE, transaction=False)
async def reopen(call: Call, ticket_id: Id, form: Form[ReasonForm]) -> web.Response:
    return await _do(call, ticket_id, actions.reopen, reason=form.reason)


@routes.post("/tickets/{ticket_id}/cancel", permission=_OVERRIDE, transaction=False)
async def cancel(call: Call, ticket_id: Id, form: Form[ReasonForm]) -> web.Response:
    return await _do(call, ticket_id, filing.cancel, reason=form.reason)


@routes.post("/tickets/{ticket_id}/edit", permission=_WRITE, transaction=False)
async def edit(call: Call, ticket_id: Id, form: Form[EditForm]) -> web.Response:
    changes = {
        "kind": form.kind,
        "priority": form.priority,
        "subject": form.subject.strip(),
        "category": form.category.strip() or None,
        "tags": [tag for tag in (part.strip() for part in form.tags.split(",")) if tag][:20],
    }
    async with call.runtime.db.begin() as session:
        await check_is_theirs(call, session, ticket_id)
        await filing.edit(
            session,
            ticket_id,
            version=form.version,
            changes=changes,
            reason=form.reason,
            turn=turn_of(call),
        )
    async with call.runtime.db.read() as session:
        return await state(call, session, ticket_id)


@routes.post("/tickets/{ticket_id}/link", permission=_WRITE, transaction=False)
async def link(call: Call, ticket_id: Id, form: Form[OtherForm]) -> web.Response:
    other = _number(form.other)
    return await _do(
        call,
        max(ticket_id, other),
        links.link,
        shown=ticket_id,
        anybody=True,
        to=min(ticket_id, other),
        kind=form.kind,
    )


@routes.post("/tickets/{ticket_id}/merge", permission=_WRITE, transaction=False)
async def merge(call: Call, ticket_id: Id, form: Form[OtherForm]) -> web.Response:
    survivor = _number(form.other)
    async with call.runtime.db.begin() as session:
        await links.lock_pair(session, ticket_id, survivor)
        await check_is_theirs(call, session, ticket_id)
        await links.merge(session, ticket_id, into=survivor, by=_by(call), now=call.now)
    return go_to(call, f"/desk/tickets/{survivor}")


@routes.post("/tickets/{ticket_id}/split", permission=_WRITE, transaction=False)
async def split(call: Call, ticket_id: Id, form: Form[SplitForm]) -> web.Response:
    async with call.runtime.db.begin() as session:
        await check_is_theirs(call, session, ticket_id)
        part = await links.split(
            session,
            ticket_id,
            message_ids={int(number) for number in form.messages.split(",")},
            subject=form.subject,
            by=_by(call),
            now=call.now,
        )
    return go_to(call, f"/desk/tickets/{part.id}")


async def _do(
    call: Call,
    ticket_id: int,
    action: Callable[..., Awaitable[object]],
    *,
    shown: int | None = None,
    anybody: bool = False,
    **details: Any,
) -> web.Response:
    """The step in a transaction of its own; the page is drawn after it is done.

    What is with a colleague is theirs to change, or a lead's, unless `anybody` may.
    """
    async with call.runtime.db.begin() as session:
        if not anybody:
            await check_is_theirs(call, session, ticket_id)
        await action(session, ticket_id, by=_by(call), now=call.now, **details)
    async with call.runtime.db.read() as session:
        return await state(call, session, shown or ticket_id)


async def check_is_theirs(call: Call, session: "AsyncSession", ticket_id: int) -> None:
    """Locks the ticket. Raises Forbidden."""
    ticket, override = await lock_ticket(session, ticket_id), call.agent.may(_OVERRIDE)
    await actions.check_may_act(session, ticket, by=_by(call), override=override, now=call.now)


def _number(text: str) -> int:
    number = parse_reference(text)
    if number is None:
        raise Invalid(code="form.not_a_ticket", text=text)
    return number


def _by(call: Call) -> Actor:
    return Actor(call.agent.actor)
