"""What is asked about a ticket ends with it."""

import pytest

from contact_center.alerts.queries import alerts_of
from contact_center.closure import actions
from contact_center.events.queries import ticket_events
from contact_center.events.rules import SYSTEM, agent
from contact_center.handovers.actions import requests
from contact_center.handovers.models import HandoverKind, HandoverState
from contact_center.handovers.queries import inbox_of
from contact_center.links import actions as links
from contact_center.messages.actions import reply
from contact_center.tickets.models import ResolutionCode, Settled, Status, TransferReason
from contact_center.tickets.queries import get_ticket
from tests.contact_center.handovers.conftest import TERMS
from tests.support.factories import make_agent, make_customer, make_ticket


@pytest.fixture
async def li(session, clock):
    return await make_agent(session, name="Li", now=clock())


@pytest.fixture
async def wang(session, clock):
    return await make_agent(session, name="Wang", now=clock())


@pytest.fixture
async def customer(session, clock):
    return await make_customer(session, now=clock())


@pytest.fixture
async def ticket(session, clock, li, customer):
    """Li has answered it."""
    ticket = await make_ticket(session, now=clock(), customer=customer)
    await reply(session, ticket.id, text="Hello", by=agent(li.id), now=clock())
    return ticket


@pytest.fixture
async def ask(session, clock, ticket, li, wang):
    """Li would like Wang to take it over."""

    async def ask(kind):
        return await requests.request(
            session,
            ticket.id,
            kind=kind,
            to=wang.id,
            reason=TransferReason.SKILL,
            terms=TERMS,
            by=agent(li.id),
            now=clock(),
        )

    return ask


async def resolve(session, ticket, li, clock) -> None:
    code = ResolutionCode.SOLVED
    await actions.resolve(session, ticket.id, code=code, by=agent(li.id), now=clock())


async def close(session, ticket, li, clock) -> None:
    await resolve(session, ticket, li, clock)
    how = Settled.CUSTOMER_CONFIRMED
    await actions.settle(session, ticket.id, how=how, by=SYSTEM, now=clock())


async def cancel(session, ticket, li, clock) -> None:
    await actions.cancel(session, ticket.id, by=agent(li.id), now=clock(), reason="a test")


async def merge(session, ticket, li, clock) -> None:
    stays = await get_ticket(session, ticket.id + 1)
    await links.merge(session, ticket.id, into=stays.id, by=agent(li.id), now=clock())


@pytest.mark.parametrize("end", [close, cancel, merge])
async def test_a_request_to_take_over_ends_with_its_ticket_and_both_sides_see_it(
    session, clock, ticket, customer, li, wang, ask, end
) -> None:
    await make_ticket(session, now=clock(), customer=customer)  # to merge into
    asked = await ask(HandoverKind.OWNERSHIP)

    await end(session, ticket, li, clock)

    assert ticket.status in (Status.CLOSED, Status.CANCELLED)
    assert asked.state is HandoverState.WITHDRAWN
    assert await inbox_of(session, wang.id) == []
    for side in (li, wang):
        assert "handover.withdrawn" in [one.kind for one in await alerts_of(session, side.id)]
    [said] = [e for e in await ticket_events(session, ticket.id) if e.kind == "handover.withdrawn"]
    assert said.actor == SYSTEM


async def test_a_resolved_ticket_has_no_next_step_to_hand_over_but_its_owner_may_change(
    session, clock, ticket, li, ask
) -> None:
    step = await ask(HandoverKind.TRANSFER)
    ownership = await ask(HandoverKind.OWNERSHIP)

    await resolve(session, ticket, li, clock)

    assert (step.state, ownership.state) == (HandoverState.WITHDRAWN, HandoverState.REQUESTED)
