"""A way in, a ticket that is resolved, and a scheduler that ticks by hand."""

import dataclasses
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from contact_center.callbacks.models import Callback
from contact_center.channels.dialogue import Step
from contact_center.closure import actions as closure
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.events.rules import agent
from contact_center.intake.actions.taking import Intake
from contact_center.messages import actions as messages
from contact_center.messages import queries as message_queries
from contact_center.runtime import Runtime
from contact_center.switchboard import Switchboard
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import ResolutionCode, Ticket, TicketKind
from contact_center.tickets.queries import lock_ticket
from scheduler import sweeps
from tests.support.calendars import POLICIES
from tests.support.factories import inbound, make_agent
from tests.support.fakes import FakeClock


@dataclass
class Story:
    """One customer, one owner, one ticket."""

    runtime: Runtime
    intake: Intake
    clock: FakeClock
    channel: str = "telegram"
    ticket_id: int = 0
    owner_id: int = 0

    async def resolved(self, **fields) -> None:
        [receipt] = await self.intake.handle([self.message("My parcel is late", **fields)])
        self.ticket_id = receipt.ticket_id
        async with self.runtime.db.begin() as session:
            self.owner_id = (await make_agent(session, now=self.clock())).id
        await self.resolve()

    async def resolve(self) -> None:
        async with self.runtime.db.begin() as session:
            by, now = agent(self.owner_id), self.clock()
            await messages.reply(session, self.ticket_id, text="Done", by=by, now=now)
            ticket = await lock_ticket(session, self.ticket_id)
            if ticket.kind is TicketKind.COMPLAINT:
                ticket.stage = "responded"
            await closure.resolve(
                session, self.ticket_id, code=ResolutionCode.SOLVED, by=by, now=now
            )

    def message(self, text: str, **fields):
        return inbound(text, address="ann", channel=self.channel, **fields)

    async def says(self, *texts: str, button: str | None = None):
        return await self.intake.handle([self.message(text, button=button) for text in texts])

    async def tick(self) -> None:
        await sweeps.plan_callbacks(self.runtime)
        await sweeps.make_callbacks(self.runtime)

    async def is_asked(self) -> None:
        """The delay passes, and the question reaches the customer."""
        self.clock.advance(minutes=self.runtime.settings.callbacks.delay_minutes)
        await self.tick()
        await self.deliver()

    async def deliver(self, status: DeliveryStatus = DeliveryStatus.SENT) -> None:
        from sqlalchemy import update

        async with self.runtime.db.begin() as session:
            await session.execute(update(Delivery).values(status=status))

    async def window_ends(self) -> None:
        self.clock.advance(hours=self.runtime.settings.callbacks.answer_within_hours)
        await self.tick()

    async def ticket(self) -> Ticket:
        async with self.runtime.db.read() as session:
            return await ticket_queries.get_ticket(session, self.ticket_id)

    async def callbacks(self) -> list[Callback]:
        async with self.runtime.db.read() as session:
            found = select(Callback).where(Callback.ticket_id == self.ticket_id)
            return list(await session.scalars(found.order_by(Callback.cycle)))

    async def events(self, kind: str) -> list[dict]:
        from contact_center.events import queries as events

        async with self.runtime.db.read() as session:
            found = await events.ticket_events(session, self.ticket_id)
        return [event.data for event in found if event.kind == kind]

    async def heard(self) -> list[str]:
        """What the customer has been told."""
        async with self.runtime.db.read() as session:
            said = await message_queries.ticket_messages(session, self.ticket_id)
        return [message.text for message in said if message.direction == "out"]


def quiet(state, turn) -> Step:
    return Step(state=state, say=[])


@pytest.fixture
def mailing(runtime) -> Runtime:
    email = runtime.settings.email.model_copy(update={"enabled": True})
    settings = runtime.settings.model_copy(update={"email": email})
    return dataclasses.replace(runtime, settings=settings)


@pytest.fixture
def story(mailing, clock) -> Story:
    intake = Intake(
        policies=POLICIES,
        db=mailing.db,
        settings=mailing.settings,
        texts=mailing.texts,
        routes=Switchboard(),
        dialogue=quiet,
        now=clock,
    )
    return Story(mailing, intake, clock)
