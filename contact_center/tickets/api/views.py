"""What the interface shows of tickets, here and in the slices above."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from contact_center.agents.queries import agent_names
from contact_center.customers.queries import names_of
from contact_center.events.rules import Actor
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import all_clocks
from contact_center.tickets import actions, queries
from contact_center.tickets.models import (
    MOVES,
    Priority,
    ResolutionCode,
    Status,
    Ticket,
    TicketKind,
)
from contact_center.web.call import Call
from contact_center.web.permissions import Permission


class Person(BaseModel):
    id: int
    name: str


class TicketLine(BaseModel):
    """A ticket in a list."""

    id: int
    reference: str = Field(description="what it is called by people")
    kind: TicketKind
    status: Status
    priority: Priority
    subject: str
    category: str | None
    tags: list[str]
    language: str
    channel: str
    customer: Person
    team_id: int | None
    owner: Person | None = Field(description="answers to the customer until it is closed")
    acting_owner: Person | None = Field(
        description="acts for the owner now: the owner, or a deputy"
    )
    assignee: Person | None = Field(description="does the next step")
    suggested_owner: Person | None = Field(description="owned the ticket before this one")
    follows_id: int | None
    merged_into_id: int | None
    resolution_code: ResolutionCode | None
    score: int | None = Field(description="1 to 5, the customer's latest answer")
    reopen_count: int
    transfer_count: int
    about_agent_id: int | None = Field(description="whom it complains about; they never see it")
    message_count: int
    version: int
    created_at: datetime
    updated_at: datetime
    waiting_since: datetime | None = Field(description="the oldest message nobody answered")
    first_response_at: datetime | None
    next_due_at: datetime | None
    breached_at: datetime | None
    review_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None


class ClockView(BaseModel):
    kind: ClockKind
    ref_id: int = Field(description="0: the ticket itself; else what the promise is about")
    state: ClockState
    goal: str = Field(description='"4bh": four business hours')
    target: int = Field(description="seconds of the time it is measured in")
    consumed: int = Field(description="seconds of them that had passed at `running_since`")
    calendar: str
    started_at: datetime
    running_since: datetime | None
    due_at: datetime | None = Field(description="null while it is paused")
    legal_due_at: datetime | None = Field(description="what compliance is measured by")
    provisional: bool = Field(description="the calendar is not known so far ahead")
    stopped_at: datetime | None
    breached_at: datetime | None
    breach_cause: str | None


class TicketView(TicketLine):
    conversation_id: int
    facts: dict[str, Any] = Field(description="what the complaint form asked")
    clocks: list[ClockView]
    next_statuses: list[Status] = Field(description="which may follow this one")


async def guard(call: Call, arguments: Mapping[str, Any]) -> None:
    """Whatever a route is for: nobody sees a complaint about themselves or who leads them.

    Raises Forbidden.
    """
    ticket_id = arguments.get("ticket_id")
    if not isinstance(ticket_id, int) or call.caller is None or not reader_of(call):
        return
    async with call.runtime.db.read() as session:
        await queries.check_may_see(session, ticket_id, reader=reader_of(call))


def actor(call: Call) -> Actor:
    return Actor(call.principal.actor)


async def lock(call: Call, ticket_id: int) -> Ticket:
    """A ticket the caller has seen in this version and may change. Raises Stale, Forbidden."""
    ticket = await queries.lock_ticket(call.session, ticket_id)
    call.check_version(ticket.version)
    by, override = actor(call), call.principal.may(Permission.TICKETS_OVERRIDE)
    await actions.check_may_act(call.session, ticket, by=by, override=override, now=call.now)
    return ticket


async def show(call: Call, ticket: Ticket) -> TicketView:
    """With the ETag of the version shown."""
    call.show_version(ticket.version)
    [line] = await show_lines(call, [ticket])
    clocks = await all_clocks(call.session, ticket.id)
    return TicketView(
        **dict(line),
        conversation_id=ticket.conversation_id,
        facts=ticket.facts,
        clocks=[ClockView.model_validate(c, from_attributes=True) for c in clocks],
        next_statuses=sorted(MOVES[ticket.status]),
    )


async def show_lines(call: Call, tickets: Sequence[Ticket]) -> list[TicketLine]:
    """Two statements for their names, however many tickets."""
    staff = {i for t in tickets for i in (t.owner_id, t.assignee_id, t.suggested_owner_id)}
    acting = await queries.answering_for_each(call.session, tickets, now=call.now)
    agents = await agent_names(call.session, staff | set(acting.values()))
    customers = await names_of(call.session, {ticket.customer_id for ticket in tickets})
    delicate = [ticket.id for ticket in tickets if ticket.about_agent_id is not None]
    hidden = await queries.hidden_among(call.session, delicate, reader=reader_of(call))
    return [_line(one, agents, customers, acting) for one in tickets if one.id not in hidden]


def reader_of(call: Call) -> int:
    """The agent who reads; 0 for another system."""
    return call.principal.id if call.principal.is_agent else 0


_PEOPLE = ("customer", "owner", "acting_owner", "assignee", "suggested_owner")


def _line(
    ticket: Ticket, agents: dict[int, str], customers: dict[int, str], acting: dict[int, int]
) -> TicketLine:
    plain = TicketLine.model_fields.keys() - set(_PEOPLE)
    return TicketLine(
        **{name: getattr(ticket, name) for name in plain},
        customer=Person(id=ticket.customer_id, name=customers[ticket.customer_id]),
        owner=_person(ticket.owner_id, agents),
        acting_owner=_person(acting.get(ticket.id), agents),
        assignee=_person(ticket.assignee_id, agents),
        suggested_owner=_person(ticket.suggested_owner_id, agents),
    )


def _person(number: int | None, names: dict[int, str]) -> Person | None:
    return Person(id=number, name=names[number]) if number is not None else None
