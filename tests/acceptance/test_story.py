"""One story on every network: asked, owned, answered, not solved, and solved by the same owner."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from contact_center.agents.models import Role
from contact_center.closure import actions as closure
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.messages import actions as messages
from contact_center.runtime import Runtime
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ResolutionCode, Status, Ticket
from scheduler import sweeps
from tests.support.factories import make_agent
from tests.support.house import House
from tests.support.patience import PATIENCE


@pytest.mark.parametrize("network", ["api", "webhook", "email", "telegram"])
async def test_the_first_responder_answers_for_it_until_it_is_solved(
    house: House, network: str
) -> None:
    customer, runtime = house.customers[network], house.runtime
    async with runtime.db.begin() as session:
        li = await make_agent(session, name="Li Wei", now=runtime.now())
        await make_agent(session, name="Wang Fang", role=Role.LEAD, now=runtime.now())
    by = agent(li.id)

    await customer.says("My parcel 4711 has not arrived.")
    ticket = await until(lambda: the_ticket(runtime, Status.QUEUED))
    async with runtime.db.begin() as session:
        await tickets.claim(session, ticket.id, by=by, now=runtime.now())
        await messages.reply(
            session, ticket.id, text="I have sent it again.", by=by, now=runtime.now()
        )
    await heard(customer, "I have sent it again.")
    await resolve(runtime, ticket.id, by)
    await heard(customer, "solved?")

    await customer.says("1")
    again = await until(lambda: the_ticket(runtime, Status.OPEN))
    assert (again.owner_id, again.assignee_id, again.reopen_count) == (li.id, li.id, 1)
    assert "lead.alerted" in await happened(runtime, ticket.id)

    await resolve(runtime, ticket.id, by)
    await heard(customer, "solved?", times=2)
    await customer.says("5")
    closed = await until(lambda: the_ticket(runtime, Status.CLOSED))
    assert (closed.owner_id, closed.score) == (li.id, 5)
    await heard(customer, "Thank you! If anything")


async def the_ticket(runtime: Runtime, status: Status) -> Ticket | None:
    async with runtime.db.read() as session:
        [ticket] = (await session.scalars(select(Ticket))).all() or [None]
    return ticket if ticket is not None and ticket.status is status else None


async def resolve(runtime: Runtime, ticket_id: int, by) -> None:
    """Done, as far as the agent sees; the customer is asked at once."""
    async with runtime.db.begin() as session:
        await closure.resolve(
            session, ticket_id, code=ResolutionCode.SOLVED, by=by, now=runtime.now()
        )
    await sweeps.plan_callbacks(runtime)
    await sweeps.make_callbacks(runtime)


async def happened(runtime: Runtime, ticket_id: int) -> list[str]:
    async with runtime.db.read() as session:
        return [event.kind for event in await ticket_events(session, ticket_id)]


async def heard(customer, words: str, *, times: int = 1) -> None:
    async def enough() -> bool:
        return sum(words in said for said in await customer.hears()) >= times

    await until(enough)


async def until(condition: Callable[[], Awaitable]):
    """The first true result."""
    async with asyncio.timeout(PATIENCE):
        while not (result := await condition()):
            await asyncio.sleep(0.02)
    return result
