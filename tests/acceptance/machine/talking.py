"""Customers write and are answered; tickets are taken, wait, and go on."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.channels.base import Inbound, Sender
from contact_center.messages import actions as messages
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import ACTIVE, WAITING, Priority, Status, TicketKind
from tests.acceptance.machine.steps import COLLEAGUES, PEOPLE, TICKETS, Steps, seldom, where
from tests.support.factories import inbound

# Two threads are of one customer: their tickets can be merged.
THREADS = (("email", "ann"), ("email", "ann"), ("api", "bob"), ("webchat", "cy"))
WORDS = st.sampled_from(["Where is it?", "Where is it?", "Thanks!", "yes", "no"])
KINDS = st.sampled_from([None, None, None, TicketKind.COMPLAINT])
WAITS = st.sampled_from(
    [
        Status.WAITING_CUSTOMER,
        Status.WAITING_CUSTOMER,
        Status.WAITING_CUSTOMER,
        Status.ON_HOLD,
        Status.WAITING_THIRD_PARTY,
        Status.WAITING_DEPARTMENT,
        Status.CLOSED,
    ]
)


class Talking(Steps):
    @initialize(kind=st.sampled_from([None, TicketKind.COMPLAINT]))
    def begin(self, kind: TicketKind | None) -> None:
        self.customer_writes(thread=0, text="My parcel is late", kind=kind)
        self.claim(ticket=0, who=0)

    @rule(thread=st.sampled_from([0, 0, 0, 1, 1, 2, 3]), text=WORDS, kind=KINDS)
    def customer_writes(self, thread: int, text: str, kind: TicketKind | None) -> None:
        channel, address = THREADS[thread]
        self.sent = message = inbound(
            text,
            channel=channel,
            thread=f"thread-{thread}",
            sender=Sender(address=f"{address}@example.com", name=address),
            kind=kind and kind.value,
        )

        self._receive("customer_writes", message)

    def _receive(self, name: str, message: Inbound) -> None:
        async def receive(session: AsyncSession) -> None:
            await self.desk.intake.receive(session, [message], now=self.desk.now)

        self.done(name, receive)

    @seldom(9)
    @rule()
    def receive_again(self) -> None:
        """What a provider delivers twice."""
        self._receive("receive_again", self.sent)
        assert not self.desk.sight.fresh, "K3"
        assert not list(self.desk.sight.changed("tickets")), "K3"

    @rule(ticket=TICKETS, who=PEOPLE)
    def reply(self, ticket: int, who: int | str) -> None:
        row = self.desk.ticket(ticket)
        self.step(messages.reply, row.id, text="Soon", by=self.desk.person(who, row))

    @where("tickets", Status.OPEN)
    @rule(ticket=TICKETS, who=st.sampled_from(["assignee", "owner", "acting"]))
    def ask_customer(self, ticket: int, who: str) -> None:
        row = self.desk.ticket(ticket, {Status.OPEN})
        facts = {"by": self.desk.person(who, row), "now": self.desk.now}

        async def ask(session: AsyncSession) -> None:
            await messages.reply(session, row.id, text="Which one?", **facts)
            await tickets.wait(session, row.id, status=Status.WAITING_CUSTOMER, **facts)

        self.done("ask_customer", ask)

    @where("tickets", Status.QUEUED)
    @rule(ticket=TICKETS, who=COLLEAGUES)
    def claim(self, ticket: int, who: int) -> None:
        row = self.desk.ticket(ticket, {Status.QUEUED})
        self.step(tickets.claim, row.id, by=self.desk.person(who, row))

    @seldom(3)
    @where("tickets", Status.QUEUED)
    @rule(ticket=TICKETS, first=COLLEAGUES)
    def everybody_claims(self, ticket: int, first: int) -> None:
        """One after another; `test_races.py` lets them do it at the same time."""
        row, claims = self.desk.ticket(ticket, {Status.QUEUED}), []
        for who in range(first, first + len(self.desk.staff)):
            by = self.desk.person(who % len(self.desk.staff), row)
            self.step(tickets.claim, row.id, by=by)
            claims += [event for event in self.desk.sight.fresh if event.kind == "ticket.claimed"]
        assert len(claims) <= 1, "O3"

    @where("tickets", Status.QUEUED)
    @rule(ticket=TICKETS, who=COLLEAGUES, reason=st.sampled_from(["", "holidays"]))
    def assign(self, ticket: int, who: int, reason: str) -> None:
        row, to = self.desk.ticket(ticket, ACTIVE), self.desk.staff[who]
        by = self.desk.person("lead", row)
        self.step(tickets.assign, row.id, to=to, reason=reason, by=by)

    @where("tickets", Status.OPEN)
    @rule(ticket=TICKETS, who=PEOPLE, as_lead=st.booleans())
    def release(self, ticket: int, who: int | str, as_lead: bool) -> None:
        row = self.desk.ticket(ticket, {Status.OPEN})
        by = self.desk.person(who, row)
        self.step(tickets.release, row.id, by=by, as_lead=as_lead)

    @where("tickets", Status.OPEN)
    @rule(ticket=TICKETS, who=PEOPLE, status=WAITS, days=st.integers(0, 4))
    def wait(self, ticket: int, who: int | str, status: Status, days: int) -> None:
        row = self.desk.ticket(ticket, {Status.OPEN})
        until = self.desk.now + timedelta(days=days)
        by = self.desk.person(who, row)
        self.step(tickets.wait, row.id, status=status, review_at=until, by=by, reason="parts")

    @where("tickets", *WAITING)
    @rule(ticket=TICKETS, who=PEOPLE)
    def resume(self, ticket: int, who: int | str) -> None:
        row = self.desk.ticket(ticket, WAITING)
        self.step(tickets.resume, row.id, by=self.desk.person(who, row))

    @rule(ticket=TICKETS, priority=st.sampled_from(list(Priority)))
    def change_priority(self, ticket: int, priority: Priority) -> None:
        row = self.desk.ticket(ticket)
        by, changes = self.desk.person("assignee", row), {"priority": priority}
        self.step(tickets.edit, row.id, version=None, changes=changes, by=by)
