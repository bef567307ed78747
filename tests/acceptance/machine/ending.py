"""Tickets end, come back, are joined, and time passes over them."""

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.closure import actions as closure
from contact_center.complaints.actions import filing
from contact_center.complaints.actions.turns import Turn
from contact_center.events.rules import BOT, SYSTEM
from contact_center.links import actions as links
from contact_center.messages import actions as messages
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import UNFINISHED, ResolutionCode, Settled, Status, TicketKind
from scheduler import sweeps
from tests.acceptance.machine.steps import PEOPLE, TICKETS, Steps, seldom, where

JOBS = (
    sweeps.note_breaches,
    sweeps.climb_ladder,
    sweeps.note_broken_promises,
    sweeps.end_waiting,
    sweeps.expire_handovers,
    sweeps.plan_callbacks,
    sweeps.make_callbacks,
)
RESOLVED = frozenset({Status.RESOLVED})
KINDS = st.sampled_from([TicketKind.COMPLAINT, TicketKind.INQUIRY])
MINUTES = st.sampled_from([1, 5, 29, 30, 60, 60, 180, 600, 1440])


class Ending(Steps):
    @where("tickets", Status.OPEN)
    @rule(ticket=TICKETS, who=PEOPLE | st.just("bot"))
    def resolve(self, ticket: int, who: int | str) -> None:
        row = self.desk.ticket(ticket, {Status.OPEN})
        by = BOT if who == "bot" else self.desk.person(who, row)
        self.step(closure.resolve, row.id, code=ResolutionCode.SOLVED, by=by)

    @where("tickets", Status.OPEN)
    @rule(ticket=TICKETS, who=st.sampled_from(["assignee", "owner", "acting"]))
    def answer_and_resolve(self, ticket: int, who: str) -> None:
        row = self.desk.ticket(ticket, {Status.OPEN})
        facts = {"by": self.desk.person(who, row), "now": self.desk.now}

        async def end(session: AsyncSession) -> None:
            await messages.reply(session, row.id, text="It works again", **facts)
            await closure.resolve(session, row.id, code=ResolutionCode.SOLVED, **facts)

        self.done("answer_and_resolve", end)

    @where("tickets", *RESOLVED)
    @rule(ticket=TICKETS, who=PEOPLE)
    def sign_off(self, ticket: int, who: int | str) -> None:
        row = self.desk.ticket(ticket, RESOLVED)
        self.step(closure.sign_off, row.id, by=self.desk.person(who, row))

    @where("tickets", *RESOLVED)
    @rule(ticket=TICKETS, who=PEOPLE)
    def confirm(self, ticket: int, who: int | str) -> None:
        row = self.desk.ticket(ticket, RESOLVED)
        by = self.desk.person(who, row)
        self.step(closure.confirm, row.id, quote="It works", channel="phone", by=by)

    @where("tickets", *RESOLVED)
    @rule(ticket=TICKETS)
    def silence(self, ticket: int) -> None:
        row = self.desk.ticket(ticket, RESOLVED)
        self.step(closure.settle, row.id, how=Settled.NO_ANSWER, by=SYSTEM)

    @where("tickets", *RESOLVED)
    @rule(ticket=TICKETS, who=PEOPLE | st.just("bot"))
    def close(self, ticket: int, who: int | str) -> None:
        row = self.desk.ticket(ticket, RESOLVED)
        by = BOT if who == "bot" else self.desk.person(who, row)
        self.step(closure.close, row.id, by=by, reason="done")

    @seldom(6)
    @rule(ticket=TICKETS)
    def cancel(self, ticket: int) -> None:
        row = self.desk.ticket(ticket)
        by = self.desk.person("lead", row)
        self.step(filing.cancel, row.id, reason="spam", by=by)

    @where("tickets", *RESOLVED)
    @rule(ticket=TICKETS)
    def reopen(self, ticket: int) -> None:
        row = self.desk.ticket(ticket, RESOLVED)
        by = self.desk.person("lead", row)
        self.step(tickets.reopen, row.id, reason="not_solved", by=by)

    @seldom(3)
    @rule(ticket=TICKETS, into=TICKETS)
    def merge(self, ticket: int, into: int) -> None:
        """Mostly into another one of the same customer."""
        row, other = self.desk.ticket(ticket, UNFINISHED), self.desk.ticket(into)
        every = self.desk.sight.now["tickets"].values()
        theirs = [one for one in every if one.id != row.id and one.customer_id == row.customer_id]
        if theirs and self.turn % 12:
            other = theirs[into % len(theirs)]
        by = self.desk.person("assignee", row)
        self.step(links.merge, row.id, into=other.id, by=by)

    @seldom(4)
    @rule(ticket=TICKETS, kind=KINDS)
    def reclassify(self, ticket: int, kind: TicketKind) -> None:
        row, runtime = self.desk.ticket(ticket), self.desk.runtime
        turn = Turn(
            by=self.desk.person("lead", row),
            now=self.desk.now,
            procedure=runtime.procedure,
            policies=runtime.policies,
            settings=runtime.settings,
            texts=runtime.texts,
        )

        async def work(session: AsyncSession) -> None:
            await filing.reclassify(session, row.id, kind=kind, reason="so", turn=turn)

        self.done("reclassify", work)

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: int) -> None:
        """The sweeps come now and then, in whatever state they find the desk."""
        self.desk.clock.advance(minutes=minutes)
        if minutes != 5:
            self.done("sweep", lambda _: self.desk.sweep(JOBS))

    @seldom(10)
    @rule()
    def weeks_pass(self) -> None:
        """So that the time for a complaint may run out."""
        self.time_passes(minutes=17 * 24 * 60)
