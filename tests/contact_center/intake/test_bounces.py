"""Mails that come back: what they answered is not answered (G25)."""

import pytest
from sqlalchemy import select, update

from contact_center.channels.dialogue import Step
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.events.rules import agent
from contact_center.intake.actions.taking import Intake
from contact_center.messages import actions as messages
from contact_center.settings import Settings, config_directory
from contact_center.sla.queries import clocks_of
from contact_center.switchboard import Switchboard
from contact_center.texts import load_texts
from contact_center.tickets.queries import get_ticket
from tests.support.calendars import POLICIES
from tests.support.factories import inbound, make_agent


@pytest.fixture
def intake(db, clock) -> Intake:
    return Intake(
        policies=POLICIES,
        db=db,
        settings=Settings(),
        texts=load_texts(config_directory() / "texts"),
        routes=Switchboard(),
        dialogue=lambda state, turn: Step(state=state, say=[]),
        now=clock,
    )


def mail(text: str, **fields):
    return inbound(text, channel="email", address="ann@example.com", thread="<1@a>", **fields)


async def answered(db, intake, clock) -> tuple[int, str]:
    """A ticket and what its answer is called; the answer has left."""
    [receipt] = await intake.handle([mail("My parcel is late")])
    clock.advance(minutes=30)
    async with db.begin() as session:
        li = await make_agent(session, now=clock())
        reply = await messages.reply(
            session, receipt.ticket_id, text="It left", by=agent(li.id), now=clock()
        )
        await session.execute(update(Delivery).values(status=DeliveryStatus.SENT))
    clock.advance(minutes=1)
    return receipt.ticket_id, reply.external_id


def returned(*references: str, permanent: bool = True, **fields):
    bounces = [{"recipient": "ann@example.com", "status": "5.1.1", "permanent": permanent}]
    facts = {"bounces": bounces}
    return mail("Undelivered", automatic=True, facts=facts, references=references, **fields)


@pytest.mark.parametrize("named", [True, False])
async def test_g25_a_returned_mail_reopens_what_it_answered(db, intake, clock, named) -> None:
    received_at = clock()
    ticket_id, key = await answered(db, intake, clock)

    await intake.handle([returned(*([key] if named else []), ticket_id=ticket_id)])

    async with db.read() as session:
        ticket = await get_ticket(session, ticket_id)
        clocks = await clocks_of(session, ticket_id)
        reply = select(Delivery).where(Delivery.kind == "reply")
        delivery = (await session.scalars(reply)).one()
    assert (ticket.first_response_at, ticket.waiting_since) == (None, received_at)
    assert clocks["first_response"].is_owed
    assert (delivery.status, delivery.last_error) == (
        DeliveryStatus.DEAD,
        "returned: ann@example.com",
    )


async def test_a_mail_that_is_only_late_changes_nothing(db, intake, clock) -> None:
    ticket_id, key = await answered(db, intake, clock)

    await intake.handle([returned(key, permanent=False, ticket_id=ticket_id)])

    async with db.read() as session:
        assert (await get_ticket(session, ticket_id)).first_response_at is not None


async def test_what_another_system_says_of_bounces_is_just_said(db, intake, clock) -> None:
    ticket_id, key = await answered(db, intake, clock)
    facts = {"bounces": "no list"}

    await intake.handle([inbound("Hello", automatic=True, facts=facts, references=[key])])

    async with db.read() as session:
        assert (await get_ticket(session, ticket_id)).first_response_at is not None
