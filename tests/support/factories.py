"""Rows and messages with every argument defaulted."""

from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent, Presence, Role, Team
from contact_center.calendars.days import parse
from contact_center.channels.base import Inbound, Sender
from contact_center.conversations.models import Conversation
from contact_center.customers.models import Customer, Identity
from contact_center.customers.queries import index_again
from contact_center.messages import queries as messages
from contact_center.messages.models import Author, Direction
from contact_center.messages.rules import message_row
from contact_center.sla.actions import together
from contact_center.sla.models import ClockKind
from contact_center.sla.rules.engine import Terms
from contact_center.tickets.models import ACTIVE, Priority, Status, Ticket

_numbers = count(1)
_FIRST, _FULL = ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION


def _around_the_clock(first: str, full: str) -> dict[ClockKind, Terms]:
    pauses = "waiting_customer,on_hold"
    return {_FIRST: Terms(goal=parse(first)), _FULL: Terms(goal=parse(full), pauses=pauses)}


PROMISED = {
    Priority.URGENT: _around_the_clock("15min", "4h"),
    Priority.HIGH: _around_the_clock("30min", "8h"),
    Priority.NORMAL: _around_the_clock("60min", "24h"),
    Priority.LOW: _around_the_clock("4h", "72h"),
}


def inbound(text: str = "My parcel is late", **fields: Any) -> Inbound:
    """A message of a customer to the API, who writes for the first time unless told otherwise."""
    number = next(_numbers)
    address = fields.pop("address", f"customer-{number}")
    name = fields.pop("name", "Ann Lee")
    values: dict[str, Any] = {
        "channel": "api",
        "external_id": f"m{number}",
        "sender": Sender(address=address, name=name),
        "thread": address,
        "text": text,
    }
    return Inbound(**values | fields)


async def make_agent(session: AsyncSession, *, now: datetime, **fields: Any) -> Agent:
    number = next(_numbers)
    values: dict[str, Any] = {
        "email": f"agent{number}@example.com",
        "name": f"Agent {number}",
        "password_hash": "!",
        "role": Role.AGENT,
        "presence": Presence.ONLINE,
        "created_at": now,
    }
    agent = Agent(**values | fields)
    session.add(agent)
    await session.flush()
    return agent


async def make_team(session: AsyncSession, *, now: datetime, **fields: Any) -> Team:
    team = Team(**{"name": f"Team {next(_numbers)}", "created_at": now} | fields)
    session.add(team)
    await session.flush()
    return team


async def make_customer(session: AsyncSession, *, now: datetime, **fields: Any) -> Customer:
    """With one address of the API's channel."""
    number = next(_numbers)
    customer = Customer(**{"name": f"Customer {number}", "created_at": now} | fields)
    session.add(customer)
    await session.flush()
    address = f"address-{number}"
    session.add(
        Identity(customer_id=customer.id, channel="api", address=address, name="", created_at=now)
    )
    await session.flush()
    await index_again(session, customer)
    return customer


async def make_ticket(
    session: AsyncSession, *, now: datetime, customer: Customer | None = None, **fields: Any
) -> Ticket:
    """One that waits in the queue with running clocks, unless told otherwise."""
    number = next(_numbers)
    customer = customer or await make_customer(session, now=now)
    conversation = await _make_conversation(session, customer, thread=f"thread-{number}", now=now)
    values: dict[str, Any] = {
        "public_token": f"token-{number}",
        "status": Status.QUEUED,
        "subject": "Late parcel",
        "channel": "api",
        "customer_id": customer.id,
        "conversation_id": conversation.id,
        "created_at": now,
        "updated_at": now,
    }
    ticket = Ticket(**values | fields)
    session.add(ticket)
    await session.flush()
    conversation.ticket_id = ticket.id
    if ticket.status in ACTIVE:
        await together.start_all(session, ticket, PROMISED[ticket.priority], start=now)
        ticket.waiting_since = now
    await session.flush()
    return ticket


async def customer_says(
    session: AsyncSession, ticket: Ticket, text: str = "Where is it?", *, now: datetime
) -> int:
    """Returns the message's id."""
    row = message_row(
        ticket_id=ticket.id,
        conversation_id=ticket.conversation_id,
        direction=Direction.IN,
        author=Author.CUSTOMER,
        author_id=ticket.customer_id,
        channel=ticket.channel,
        external_id=f"m{next(_numbers)}",
        text=text,
        now=now,
    )
    [message_id] = await messages.insert_messages(session, [row])
    await messages.index_messages(session, {message_id: text})
    ticket.message_count += 1
    ticket.waiting_since = ticket.waiting_since or now
    return message_id


async def _make_conversation(
    session: AsyncSession, customer: Customer, *, thread: str, now: datetime
) -> Conversation:
    identity = Identity(
        customer_id=customer.id, channel="api", address=thread, name="", created_at=now
    )
    session.add(identity)
    await session.flush()
    conversation = Conversation(
        channel="api",
        thread=thread,
        address=thread,
        customer_id=customer.id,
        identity_id=identity.id,
        created_at=now,
        updated_at=now,
    )
    session.add(conversation)
    await session.flush()
    return conversation
