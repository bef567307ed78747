"""A ticket as its page shows it: everything about it in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from contact_center.accounts.models import Account
from contact_center.accounts.queries import accounts_by_id
from contact_center.agents import queries as agents
from contact_center.agents.models import Agent, Team
from contact_center.channels.media import needs_a_person
from contact_center.customers import queries as customers
from contact_center.customers.models import Customer, Identity
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.deliveries.queries import deliveries_of_messages
from contact_center.escalations.actions.looking import facts_of
from contact_center.escalations.rules import Facts
from contact_center.events.models import Event
from contact_center.events.queries import ticket_events
from contact_center.events.rules import Actor, agent_id
from contact_center.handovers.models import Handover
from contact_center.handovers.queries import open_handovers
from contact_center.links.models import TicketLink
from contact_center.links.queries import links_of
from contact_center.messages import queries as messages
from contact_center.messages.actions import conversation_to_answer
from contact_center.messages.models import Attachment, Author, Direction, Message
from contact_center.promises.models import Promise
from contact_center.promises.queries import promises_of
from contact_center.routing.models import RoutingDecision
from contact_center.routing.queries import decisions_of
from contact_center.sla.actions.explaining import reasons_for
from contact_center.sla.models import Clock, ClockKind, ClockState
from contact_center.sla.queries import all_clocks, clocks_of
from contact_center.sla.rules.reasons import Reason
from contact_center.tickets.models import Status, Ticket
from contact_center.tickets.queries import (
    get_ticket,
    hidden_among,
    owned_tickets,
    tickets_by_id,
    tickets_of_customer,
)
from contact_center.work_orders.models import WorkOrder, WorkOrderEntry
from contact_center.work_orders.queries import entries_of, work_orders_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

MESSAGES = 60  # shown at first
LONG = 2_500  # characters; what is beyond is folded away
_UNSETTLED = (DeliveryStatus.PENDING, DeliveryStatus.LEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message with its author's name, its files, and how it fared on its way."""

    message: Message
    name: str
    files: Sequence[Attachment] = ()
    delivery: Delivery | None = None

    @property
    def look(self) -> str:
        """Which of the five kinds of message it is."""
        if self.message.direction is Direction.NOTE:
            return "note" if self.message.author is Author.AGENT else "quiet"
        return self.message.author.value

    @property
    def state(self) -> str:
        """Of the delivery, in one word; empty for what does not leave."""
        if self.delivery is None:
            return ""
        if self.delivery.status in _UNSETTLED:
            return "trying" if self.delivery.attempts > 1 else "sending"
        return self.delivery.status.value

    @property
    def medium(self) -> str:
        """How it was said where nothing leaves by itself; else empty."""
        if self.message.direction is not Direction.OUT or self.delivery is not None:
            return ""
        return self.message.channel if needs_a_person(self.message.channel) else ""

    @property
    def head(self) -> str:
        text = self.message.text
        return text if len(text) <= LONG + 500 else text[:LONG]

    @property
    def tail(self) -> str:
        return self.message.text[len(self.head) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    ticket: Ticket
    handovers: Sequence[Handover]  # that wait for an answer
    acting: dict[int, int]  # who acts now, by owner and assignee
    earlier_owned: Sequence[Ticket]  # of the same customer: somebody answers for them already
    customer: Customer
    account: Account | None
    manager: str | None
    identities: Sequence[Identity]
    others: Sequence[Ticket]
    links: Sequence[tuple[TicketLink, Ticket]]
    clocks: Sequence[Clock]
    reasons: Sequence[Reason]  # of all clocks: why they are due when they are
    events: Sequence[Event]
    names: dict[int, str]
    climbing: Facts  # what the ladder has to know
    decisions: Sequence[RoutingDecision] = ()  # who was to get it, the newest first
    teams: dict[int, Team] = field(default_factory=dict)
    orders: Sequence[WorkOrder] = ()
    mates: dict[int, list[Agent]] = field(default_factory=dict)  # who does work orders, by team
    written: dict[int, list[WorkOrderEntry]] = field(default_factory=dict)  # on work orders
    promises: Sequence[Promise] = ()
    channel: str = ""  # where an answer goes
    reader: int = 0
    reader_teams: Sequence[int] = ()

    @property
    def is_answered_for(self) -> bool:
        """Whether the reader answers for the ticket, or stands in for who does."""
        owner = self.ticket.owner_id
        return owner is not None and self.reader in (owner, self.acting.get(owner))

    @property
    def is_spoken(self) -> bool:
        """Whether an answer is something a person has said: nothing leaves by itself."""
        return needs_a_person(self.channel)

    @property
    def is_theirs(self) -> bool:
        """Whether the reader owns the ticket or works on it, or stands in for who does."""
        held_by = {self.ticket.owner_id, self.ticket.assignee_id} - {None}
        return self.reader in held_by | {self.acting.get(one) for one in held_by if one}

    def may_end(self, promise: Promise) -> bool:
        """Whether the promise is the reader's, or one of a ticket of theirs."""
        given_by = promise.promised_by_id
        return self.is_theirs or self.reader in (given_by, self.acting.get(given_by))

    def actor(self, actor: str) -> str | None:
        """An agent's or the customer's name; None for machines."""
        number = agent_id(Actor(actor))
        if number is not None:
            return self.names.get(number, f"#{number}")
        return self.customer.name or None if actor.startswith("customer:") else None

    def deputy_of(self, agent_id: int | None) -> str | None:
        """Who acts for somebody who is absent."""
        one = self.acting.get(agent_id or 0, agent_id)
        return self.names.get(one) if one and one != agent_id else None

    def allows(self, step: str) -> bool:
        return self.ticket.status in STEPS[step]

    def closed_until(self, clock: Clock, now: datetime) -> datetime | None:
        """When a clock counts on that runs while the calendar is closed."""
        return next((x.closed_until(now) for x in self.reasons if x.clock.id == clock.id), None)

    @property
    def due(self) -> Clock | None:
        """The promise that has to be kept next."""
        owed = [(clock.due_at, clock) for clock in self.clocks if clock.is_owed and clock.due_at]
        return min(owed, key=lambda found: found[0], default=(None, None))[1]


_AT_WORK = frozenset(
    {
        Status.OPEN,
        Status.WAITING_CUSTOMER,
        Status.WAITING_DEPARTMENT,
        Status.WAITING_THIRD_PARTY,
        Status.ON_HOLD,
    }
)
_UNFINISHED = frozenset(Status) - {Status.CLOSED, Status.CANCELLED}
STEPS: dict[str, frozenset[Status]] = {
    "claim": frozenset({Status.QUEUED}),
    "say": _AT_WORK | {Status.QUEUED, Status.RESOLVED},
    "release": frozenset({Status.OPEN}),
    "transfer": _AT_WORK,
    "assign": _AT_WORK | {Status.QUEUED},
    "wait": frozenset({Status.OPEN}),
    "resume": _AT_WORK - {Status.OPEN},
    "resolve": frozenset({Status.OPEN, Status.WAITING_CUSTOMER}),
    "reopen": frozenset({Status.RESOLVED}),
    "close": frozenset({Status.RESOLVED}),
    "sign_off": frozenset({Status.RESOLVED}),
    "confirm": frozenset({Status.RESOLVED}),
    "ask": _AT_WORK,  # a team for work
    "promise": _AT_WORK,
    "cancel": _UNFINISHED,
    "merge": _UNFINISHED,
    "split": _UNFINISHED,
    "link": frozenset(Status),
    "edit": frozenset(Status),
}


async def story_of(session: "AsyncSession", ticket_id: int, *, reader: int, now: datetime) -> Story:
    """For one reader: nobody is shown complaints about themselves. Raises NotFound."""
    ticket = await get_ticket(session, ticket_id)
    customer = await customers.get_customer(session, ticket.customer_id)
    account = (await accounts_by_id(session, [customer.account_id])).get(customer.account_id or 0)
    links = await links_of(session, ticket.id)
    linked = {n for link in links for n in (link.ticket_id, link.other_id)} - {ticket.id}
    known = await tickets_by_id(session, linked | _named(ticket))
    hidden = await hidden_among(session, linked, reader=reader)
    clocks = await clocks_of(session, ticket.id)
    events = await ticket_events(session, ticket.id, limit=500)
    reasons = await reasons_for(session, await all_clocks(session, ticket.id), events)
    staff: Sequence[Agent] = await agents.all_agents(session)
    names = {agent.id: agent.name for agent in staff}
    orders = await work_orders_of(session, ticket.id)
    promises = await promises_of(session, ticket.id)
    held_by = {n for n in (ticket.owner_id, ticket.assignee_id) if n is not None}
    held_by |= {promise.promised_by_id for promise in promises}
    return Story(
        ticket=ticket,
        handovers=await open_handovers(session, ticket.id),
        acting=await agents.acting_for(session, held_by, now=now, about=ticket.about_agent_id),
        earlier_owned=[
            other
            for other in await owned_tickets(session, customer.id, reader=reader)
            if other.id != ticket.id
        ],
        customer=customer,
        account=account,
        manager=names.get(account.manager_id or 0) if account else None,
        identities=await customers.identities_of(session, customer.id),
        others=[
            other
            for other in await tickets_of_customer(session, customer.id, reader=reader, limit=8)
            if other.id != ticket.id
        ],
        links=[
            (link, known[number])
            for link in links
            if (number := _other(link, ticket)) not in hidden
        ],
        clocks=[clocks[kind] for kind in ClockKind if kind in clocks],
        reasons=[one for one in reasons if one.clock.state is not ClockState.CANCELLED],
        events=events,
        names=names,
        climbing=await facts_of(session, ticket),
        decisions=await decisions_of(session, ticket.id, limit=10),
        teams={team.id: team for team in await agents.all_teams(session)},
        orders=orders,
        mates=await agents.members_by_team(session, {order.team_id for order in orders}),
        written=await entries_of(session, [order.id for order in orders]),
        promises=promises,
        channel=(await conversation_to_answer(session, ticket)).channel,
        reader=reader,
        reader_teams=await agents.team_ids_of(session, reader),
    )


async def earlier(
    session: "AsyncSession", story: Story, *, before: int | None
) -> tuple[list[Said], bool]:
    """The end of the conversation, or what came before that; and whether there is more."""
    found = await messages.latest_messages(
        session, story.ticket.id, before=before, limit=MESSAGES + 1
    )
    return await said(session, found[-MESSAGES:], story), len(found) > MESSAGES


async def said(session: "AsyncSession", found: Sequence[Message], story: Story) -> list[Said]:
    with_files = [message.id for message in found if message.has_attachments]
    files = await messages.attachments_of(session, with_files) if with_files else {}
    leaving = [message.id for message in found if message.direction is Direction.OUT]
    fates = await deliveries_of_messages(session, leaving) if leaving else {}
    return [
        Said(
            message=message,
            name=_author(message, story),
            files=files.get(message.id, ()),
            delivery=fates.get(message.id),
        )
        for message in found
    ]


def _author(message: Message, story: Story) -> str:
    if message.author is Author.AGENT:
        return story.names.get(message.author_id or 0, "")
    return story.customer.name if message.author is Author.CUSTOMER else ""


def _named(ticket: Ticket) -> set[int]:
    return {number for number in (ticket.follows_id, ticket.merged_into_id) if number}


def _other(link: TicketLink, ticket: Ticket) -> int:
    return link.other_id if link.ticket_id == ticket.id else link.ticket_id
