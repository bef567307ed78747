"""Who asks for a person at night is promised an answer when there are people again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bots.dialogs.talk import build_dialogue
from contact_center.intake.actions.taking import Intake
from contact_center.settings import Settings
from contact_center.sla.models import Clock, ClockKind
from contact_center.switchboard import Rule, Switchboard, TeamPlan
from contact_center.texts import load_texts
from contact_center.tickets import queries
from contact_center.tickets.models import Status, TicketKind
from tests.support.calendars import POLICIES, SHIPPED
from tests.support.factories import inbound, make_team

NIGHT = datetime(2026, 11, 20, 22, tzinfo=UTC)  # a Friday; the team opens on Monday at 9
OPENING = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
async def intake(db, clock) -> Intake:
    async with db.begin() as session:
        await make_team(session, now=clock(), name="Service")
    texts = load_texts(Path("config/texts"))
    clock.now = NIGHT
    return Intake(
        policies=POLICIES,
        db=db,
        settings=Settings(),
        texts=texts,
        routes=Switchboard(
            rules=[Rule("Service")],
            teams={"Service": TeamPlan(name="Service", calendar="business")},
            calendars=SHIPPED,
        ),
        dialogue=build_dialogue(texts, company="Tea & Co"),
        now=clock,
    )


async def first_response(db, receipt):
    async with db.read() as session:
        ticket = await queries.get_ticket(session, receipt.ticket_id)
        clock = await session.scalar(
            select(Clock).where(
                Clock.ticket_id == ticket.id, Clock.kind == ClockKind.FIRST_RESPONSE
            )
        )
    return ticket, clock


def says(text: str):
    return inbound(text, address="ann", channel="webchat", dialogue=True)


@pytest.mark.parametrize("call", ["转人工", "human"])
async def test_g43_asked_for_at_night_a_person_answers_after_the_next_opening(
    intake, db, call
) -> None:
    [receipt] = await intake.handle([says(call)])

    ticket, clock = await first_response(db, receipt)
    assert ticket.status is Status.QUEUED
    assert clock.due_at == OPENING.replace(minute=1)  # 60 seconds of their time
    assert ticket.next_due_at == clock.due_at


async def test_g43_in_the_middle_of_a_form_at_night_it_is_handed_over_in_the_same_turn(
    intake, db
) -> None:
    await intake.handle([says("我要投诉")])
    [asked] = await intake.handle([says("水壶烫伤了我的手")])
    assert (await first_response(db, asked))[0].status is Status.BOT

    [receipt] = await intake.handle([says("转人工")])

    ticket, clock = await first_response(db, receipt)
    assert (ticket.status, ticket.kind) == (Status.QUEUED, TicketKind.COMPLAINT)
    assert clock.due_at == OPENING.replace(minute=1)


async def test_while_they_are_there_a_minute_is_a_minute(intake, db, clock) -> None:
    clock.now = OPENING.replace(hour=10)

    [receipt] = await intake.handle([says("human")])

    _, first = await first_response(db, receipt)
    assert first.due_at == OPENING.replace(hour=10, minute=1)
