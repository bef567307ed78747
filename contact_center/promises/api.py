"""Promises to customers over HTTP."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contact_center.agents.queries import agent_names
from contact_center.errors import Invalid
from contact_center.events.rules import agent
from contact_center.promises import actions, queries
from contact_center.promises.models import Promise, PromiseState
from contact_center.promises.rules.detecting import detect
from contact_center.promises.rules.keeping import LONGEST_TEXT, rate
from contact_center.tickets.api.views import Person, lock, reader_of
from contact_center.tickets.queries import check_may_see, get_ticket
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.web.timestamps import Timestamp, read_moment

routes = Routes("promises")
READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
]
Message = Annotated[str, Field(min_length=1, max_length=100_000)]


class PromiseView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    ticket_id: int
    text: str
    due_at: datetime
    promised_by_id: int
    message_id: int | None = Field(description="in which the customer was told")
    follows_id: int | None = Field(description="in whose place it came")
    state: PromiseState
    made_at: datetime
    ended_at: datetime | None


class NewPromise(Body):
    text: Text
    due_at: Timestamp


class Renegotiation(Body):
    due_at: Timestamp
    message: Annotated[Message, Field(description="tells the customer")]
    text: Annotated[str, Field(max_length=LONGEST_TEXT, description="empty: as before")] = ""


class Why(Body):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Draft(Body):
    text: Annotated[str, Field(max_length=100_000)]
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"


class OfferView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    text: str
    due_at: datetime


class Detection(BaseModel):
    offer: OfferView | None = Field(description="what may become a promise, if anything")


class KeptRate(BaseModel):
    agent: Person
    kept: int
    broken: int
    rate: float = Field(description="kept of those that fell due, 0 to 1")


@routes.post("/promises/detections", permission=WRITE, status=200)
async def detect_promise(call: Call, body: Draft) -> Detection:
    """Look for a promise with a time in a text, in English or Chinese. Nothing is stored."""
    try:
        zone = ZoneInfo(body.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(code="agent.not_a_time_zone", name=body.time_zone) from None
    offer = detect(body.text, now=call.now, zone=zone)
    return Detection(offer=OfferView.model_validate(offer) if offer else None)


@routes.get("/promises", permission=READ)
async def list_promises(
    call: Call,
    agent_id: Id | None = None,
    team_id: Id | None = None,
    state: PromiseState = PromiseState.OPEN,
    after: Cursor | None = None,
    limit: Limit = 50,
) -> Page[PromiseView]:
    """List promises, the first due first: of an agent, or on the tickets of a team."""
    key = read_cursor(after, str, int)
    rows = await queries.page_of_promises(
        call.session,
        agent_ids=None if agent_id is None else [agent_id],
        team_ids=None if team_id is None else [team_id],
        state=state,
        reader=reader_of(call),
        after=(read_moment(key[0]), key[1]) if key else None,
        limit=limit + 1,
    )
    return page_of(rows, limit=limit, key=lambda p: (p.due_at.isoformat(), p.id), show=_view)


@routes.get("/promises/kept-rates", permission=Permission.REPORTS_READ)
async def show_kept_rates(call: Call, since: Timestamp, until: Timestamp) -> list[KeptRate]:
    """Say how many of the promises that fell due in a period each agent has kept."""
    counts = await queries.kept_and_broken(call.session, since=since, until=until)
    names = await agent_names(call.session, counts.keys())
    return [
        KeptRate(
            agent=Person(id=agent_id, name=names[agent_id]),
            kept=kept,
            broken=broken,
            rate=rate(kept, broken) or 0.0,
        )
        for agent_id, (kept, broken) in sorted(counts.items())
    ]


@routes.get("/tickets/{ticket_id}/promises", permission=READ)
async def list_promises_of_ticket(call: Call, ticket_id: Id) -> list[PromiseView]:
    """List what was promised on a ticket, the oldest first."""
    await get_ticket(call.session, ticket_id)
    return [_view(promise) for promise in await queries.promises_of(call.session, ticket_id)]


@routes.post("/tickets/{ticket_id}/promises", permission=WRITE, errors=(409,), idempotent=True)
async def make_promise(call: Call, ticket_id: Id, body: NewPromise) -> PromiseView:
    """Remember what the customer was promised, by when; nothing is resolved until it is kept."""
    await lock(call, ticket_id)
    by = agent(call.agent.id)
    promise = await actions.make(
        call.session, ticket_id, text=body.text, due_at=body.due_at, by=by, now=call.now
    )
    return _view(promise)


@routes.get("/promises/{promise_id}", permission=READ)
async def show_promise(call: Call, promise_id: Id) -> PromiseView:
    """Show a promise."""
    return _view(await _seen(call, promise_id))


@routes.put("/promises/{promise_id}/fulfilment", permission=WRITE, errors=(409,))
async def keep_promise(call: Call, promise_id: Id) -> PromiseView:
    """Say that it was done as promised; after it fell due it is too late for that."""
    await _seen(call, promise_id)
    by = agent(call.agent.id)
    return _view(
        await actions.keep(call.session, promise_id, by=by, now=call.now, as_lead=_is_lead(call))
    )


@routes.post(
    "/promises/{promise_id}/renegotiations", permission=WRITE, errors=(409,), idempotent=True
)
async def renegotiate_promise(call: Call, promise_id: Id, body: Renegotiation) -> PromiseView:
    """Promise another time before the first has passed; the customer is told at once.

    Answers the promise that takes its place.
    """
    await _seen(call, promise_id)
    promise = await actions.renegotiate(
        call.session,
        promise_id,
        due_at=body.due_at,
        message=body.message,
        text=body.text,
        by=agent(call.agent.id),
        now=call.now,
        as_lead=_is_lead(call),
    )
    return _view(promise)


@routes.put("/promises/{promise_id}/cancellation", permission=WRITE, errors=(409,))
async def cancel_promise(call: Call, promise_id: Id, body: Why) -> PromiseView:
    """Give a promise up that the customer no longer waits for."""
    await _seen(call, promise_id)
    promise = await actions.cancel(
        call.session,
        promise_id,
        reason=body.reason,
        by=agent(call.agent.id),
        now=call.now,
        as_lead=_is_lead(call),
    )
    return _view(promise)


async def _seen(call: Call, promise_id: int) -> Promise:
    """Raises Forbidden where it was promised on a complaint the caller may not see."""
    promise = await queries.get_promise(call.session, promise_id)
    await check_may_see(call.session, promise.ticket_id, reader=reader_of(call))
    return promise


def _is_lead(call: Call) -> bool:
    return call.principal.may(Permission.TICKETS_OVERRIDE)


def _view(promise: Promise) -> PromiseView:
    return PromiseView.model_validate(promise)
