"""The next step and accountability go from hand to hand; people are away, and come back."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import actions as staff
from contact_center.agents.queries import lock_agent
from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.handovers.actions import leaving, ownership, requests
from contact_center.handovers.models import HandoverKind, HandoverState
from contact_center.settings import HandoverSettings
from contact_center.tickets.models import TransferReason
from tests.acceptance.machine.desk import HELD
from tests.acceptance.machine.steps import COLLEAGUES, PEOPLE, TICKETS, Steps, seldom, where
from tests.support.calendars import SHIPPED

TERMS = {
    calendar.name: requests.Terms(calendar=calendar, settings=HandoverSettings())
    for calendar in (ROUND_THE_CLOCK, SHIPPED["business"])
}
REASONS = st.sampled_from(["I must", "I must", "I must", ""])
REQUESTED = HandoverState.REQUESTED
SKILL = TransferReason.SKILL


class Handing(Steps):
    @where("tickets", *HELD)
    @rule(
        ticket=TICKETS,
        who=PEOPLE,
        to=COLLEAGUES,
        kind=st.sampled_from([HandoverKind.TRANSFER, *HandoverKind]),
        calendar=st.sampled_from(sorted(TERMS)),
    )
    def ask(self, ticket: int, who: int | str, to: int, kind: HandoverKind, calendar: str) -> None:
        row, receiver = self.desk.ticket(ticket), self.desk.staff[to]
        by, terms = self.desk.person(who, row), TERMS[calendar]
        self.step(
            requests.request, row.id, kind=kind, to=receiver, reason=SKILL, terms=terms, by=by
        )

    @where("handovers", REQUESTED)
    @rule(number=st.integers(0, 5), who=st.sampled_from(["receiver"] * 4 + ["owner"]))
    def accept(self, number: int, who: str) -> None:
        row = self.a("handovers", number, REQUESTED)
        by = self._answers(row, who)
        self.step(requests.accept, row.id, by=by)

    @where("handovers", REQUESTED)
    @rule(number=st.integers(0, 5), why=REASONS)
    def decline(self, number: int, why: str) -> None:
        row = self.a("handovers", number, REQUESTED)
        by = self._answers(row, "receiver")
        self.step(requests.decline, row.id, why=why, by=by)

    @where("handovers", REQUESTED)
    @rule(number=st.integers(0, 5), who=PEOPLE)
    def withdraw(self, number: int, who: int | str) -> None:
        row = self.a("handovers", number, REQUESTED)
        by = self.desk.person(who, self.ticket_of(row))
        self.step(requests.withdraw, row.id, by=by)

    def _answers(self, row, who: str):
        if who != "receiver":
            return self.desk.person(who, self.ticket_of(row))
        return self.desk.person(self.desk.staff.index(row.receiver_id), self.ticket_of(row))

    @where("tickets", *HELD)
    @rule(ticket=TICKETS, team=st.integers(0, 2))
    def to_team(self, ticket: int, team: int) -> None:
        row, number = self.desk.ticket(ticket), self.desk.teams[team]
        by = self.desk.person("assignee", row)
        self.step(requests.to_team, row.id, team=number, reason=SKILL, by=by)

    @rule(
        ticket=TICKETS,
        who=st.sampled_from(["lead", "lead", "assignee"]),
        owner=st.sampled_from([None, 0, 1, 2, 3, 4]),
        assignee=st.sampled_from([None, 0, 1, 2, 3, 4]),
        reason=REASONS,
    )
    def override(
        self, ticket: int, who: str, owner: int | None, assignee: int | None, reason: str
    ) -> None:
        row, people = self.desk.ticket(ticket), self.desk.staff
        to = {
            "owner": None if owner is None else people[owner],
            "assignee": None if assignee is None else people[assignee],
        }
        by = self.desk.person(who, row)
        self.step(ownership.override, row.id, reason=reason, by=by, **to)

    @seldom(2)
    @rule(ticket=TICKETS, about=st.sampled_from([None, 0, 1, 4]), who=PEOPLE)
    def recuse(self, ticket: int, about: int | None, who: int | str) -> None:
        row = self.desk.ticket(ticket)
        if about is None and row.about_agent_id is None:
            about = 2
        whom, by = None if about is None else self.desk.staff[about], self.desk.person(who, row)
        is_lead = who == "lead"
        self.step(ownership.recuse, row.id, about=whom, reason="so", by=by, as_lead=is_lead)

    @precondition(lambda self: len(self.desk.absent()) < 2)
    @rule(
        who=COLLEAGUES,
        deputy=COLLEAGUES,
        hours=st.sampled_from([1, 1, 8, 30]),
        ahead=st.sampled_from([0, 0, 5]),
    )
    def plan_absence(self, who: int, deputy: int, hours: int, ahead: int) -> None:
        absent, start = self.desk.staff[who], self.desk.now + timedelta(hours=ahead)
        by = self.desk.person(who, self.desk.ticket(0))
        self.step(
            staff.plan_absence,
            absent,
            starts_at=start,
            ends_at=start + timedelta(hours=hours),
            deputy_id=self.desk.staff[deputy],
            by=by,
        )

    @precondition(lambda self: self.desk.absent())
    @rule(number=st.integers(0, 5))
    def end_absence(self, number: int) -> None:
        rows = list(self.desk.sight.now["absences"].values())
        row, by = rows[-1 - number % len(rows)], self.desk.person("lead", self.desk.ticket(0))
        self.step(staff.end_absence, row.id, by=by)

    @seldom(4)
    @rule(who=st.integers(0, 3))
    def leave(self, who: int) -> None:
        """Refused as long as somebody answers for anything."""
        number, by = self.desk.staff[who], self.desk.person("lead", self.desk.ticket(0))
        self.step(leaving.deactivate, number, by=by)

    @precondition(lambda self: self.desk.gone())
    @rule()
    def come_back(self) -> None:
        number, by = self.desk.gone()[0], self.desk.person("lead", self.desk.ticket(0))

        async def come_back(session: AsyncSession) -> None:
            agent = await lock_agent(session, number)
            changes = {"active": True}
            await staff.edit_agent(session, agent, changes=changes, by=by, now=self.desk.now)

        self.done("come_back", come_back)
