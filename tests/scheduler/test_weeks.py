"""G37: owners report as their week closes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from contact_center.agents.models import Role, TeamMember
from contact_center.deliveries.models import Delivery
from contact_center.events.rules import agent as actor
from contact_center.messages import actions as messages
from contact_center.tickets.models import Status
from scheduler import weeks
from tests.support.calendars import CN
from tests.support.factories import customer_says, make_agent, make_customer, make_team, make_ticket

BEFORE = datetime(2025, 1, 1, tzinfo=UTC)
FRIDAY = datetime(2026, 9, 18, 10, tzinfo=UTC)  # 18:00 in China
SECOND = timedelta(seconds=1)


@pytest.fixture
def china(runtime):
    """A company that works by the calendar CN and wants the reports."""
    policies = replace(runtime.policies, calendars={**runtime.policies.calendars, "business": CN})
    digests = runtime.settings.digests.model_copy(update={"weekly": True})
    settings = runtime.settings.model_copy(update={"digests": digests})
    return replace(runtime, policies=policies, settings=settings)


async def letters(runtime) -> list[Delivery]:
    async with runtime.db.read() as session:
        found = select(Delivery).where(Delivery.idempotency_key.startswith("weekly:"))
        return list(await session.scalars(found.order_by(Delivery.id)))


@pytest.fixture
async def li(china):
    """Answers for one ticket, that Wang works on."""
    async with china.db.begin() as session:
        made = await make_agent(session, now=BEFORE, name="Li", time_zone="Asia/Shanghai")
        wang = await make_agent(session, now=BEFORE, name="Wang")
        customer = await make_customer(session, now=BEFORE, name="Acme")
        await make_ticket(
            session,
            now=FRIDAY - timedelta(days=9),
            customer=customer,
            subject="A broken kettle",
            status=Status.OPEN,
            owner_id=made.id,
            assignee_id=wang.id,
        )
    return made


@pytest.mark.parametrize(
    ("monday", "close"),
    [
        (datetime(2026, 9, 14, tzinfo=UTC), FRIDAY),
        (datetime(2026, 9, 21, tzinfo=UTC), datetime(2026, 9, 24, 10, tzinfo=UTC)),
        (datetime(2026, 9, 28, tzinfo=UTC), datetime(2026, 9, 30, 10, tzinfo=UTC)),
        (datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 10, 9, 10, tzinfo=UTC)),
        (datetime(2026, 2, 16, tzinfo=UTC), None),
    ],
)
async def test_g37_owners_get_it_at_close_of_the_last_business_day_up_to_friday(
    china, clock, li, monday, close
) -> None:
    sent = []
    clock.now = monday - timedelta(hours=8)  # midnight in China
    while clock() < monday + timedelta(days=7, hours=-8):
        if await weeks.send_weekly_reports(china):
            sent.append(clock())
        clock.advance(hours=1)

    assert sent == ([close] if close else [])


async def test_g37_it_tells_what_was_said_and_what_comes_next(china, clock, li) -> None:
    async with china.db.begin() as session:
        ticket = await make_ticket(
            session, now=FRIDAY - timedelta(days=9), owner_id=li.id, status=Status.OPEN
        )
        for days in (8, 2):
            await customer_says(session, ticket, now=FRIDAY - timedelta(days=days))
        by, at = actor(li.id), FRIDAY - timedelta(days=1)
        await messages.reply(session, ticket.id, text="On its way", by=by, now=at)
        await messages.add_note(session, ticket.id, text="Call them", by=by, now=at)
    clock.now = FRIDAY - SECOND
    assert await weeks.send_weekly_reports(china) == 0
    clock.now = FRIDAY

    assert await weeks.send_weekly_reports(china) == 1
    assert await weeks.send_weekly_reports(china) == 0

    [letter] = await letters(china)
    assert letter.address == li.email
    assert letter.idempotency_key == f"weekly:{li.id}:2026-W38"
    text = letter.payload["text"]
    assert "1 messages to customers, 1 from them" in text
    assert "A broken kettle · Acme" in text
    assert ticket.reference in text
    assert "next by 2026-09-" in text


async def test_g37_a_lead_reads_of_the_team_but_of_no_complaint_about_a_colleague(
    china, clock, li
) -> None:
    async with china.db.begin() as session:
        team = await make_team(session, now=BEFORE)
        lead = await make_agent(session, now=BEFORE, role=Role.LEAD, language="zh")
        for member in (lead, li):
            session.add(TeamMember(team_id=team.id, agent_id=member.id))
        about = await make_ticket(
            session, now=FRIDAY, owner_id=li.id, status=Status.OPEN, about_agent_id=lead.id
        )
    clock.now = FRIDAY

    assert await weeks.send_weekly_reports(china) == 2

    told = {letter.address: letter.payload["text"] for letter in await letters(china)}
    assert "== Li" in told[lead.email]
    assert "您负责的工单" in told[lead.email]
    assert about.reference not in told[lead.email]
    assert about.reference in told[li.email]


async def test_nobody_is_written_to_who_answers_for_nothing_or_did_not_ask(
    runtime, china, clock
) -> None:
    clock.now = FRIDAY
    assert await weeks.send_weekly_reports(china) == 0
    async with china.db.begin() as session:
        ann = await make_agent(session, now=BEFORE)
        await make_ticket(session, now=BEFORE, owner_id=ann.id, status=Status.CLOSED)

    assert await weeks.send_weekly_reports(china) == 0
    assert await weeks.send_weekly_reports(runtime) == 0


async def test_a_node_that_was_down_makes_up_for_it_until_the_week_is_over(
    china, clock, li
) -> None:
    clock.now = FRIDAY + timedelta(days=2, hours=5)  # Sunday 23:00 in China

    assert await weeks.send_weekly_reports(china) == 1
    clock.advance(hours=2)
    assert await weeks.send_weekly_reports(china) == 0
