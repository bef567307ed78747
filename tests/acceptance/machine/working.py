"""Other teams work for a ticket, and its customer is promised things."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from contact_center.calendars.days import parse
from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.promises import actions as promises
from contact_center.promises.models import PromiseState
from contact_center.settings import WorkOrderSettings
from contact_center.work_orders.actions import issuing, working
from contact_center.work_orders.models import AT_WORK
from contact_center.work_orders.models import WorkOrderState as S
from tests.acceptance.machine.desk import HELD
from tests.acceptance.machine.steps import PEOPLE, TICKETS, Steps, where
from tests.support.calendars import SHIPPED

NUMBERS = st.integers(0, 5)
# Whoever of the team, whoever signed; seldom somebody else.
HANDS = st.sampled_from(["team", "team", "team", "team", "owner", "lead"])
OWNERS = st.sampled_from(["owner", "owner", "owner", "acting", "assignee"])
LEAD_EXTENDS = WorkOrderSettings().lead_extends
CALENDARS = {"business": SHIPPED["business"], "24x7": ROUND_THE_CLOCK}
WAIVABLE = (S.ISSUED, S.SIGNED, S.IN_PROGRESS, S.FINISHED)
UNSIGNED = (S.ISSUED, S.SIGNED, S.RETURNED)
HOURS = st.sampled_from([-1, 1, 4, 30])


class Working(Steps):
    @where("tickets", *HELD)
    @rule(
        ticket=TICKETS,
        team=st.integers(0, 2),
        who=PEOPLE,
        blocking=st.sampled_from([True, True, True, False]),
        calendar=st.sampled_from(sorted(CALENDARS)),
    )
    def issue(self, ticket: int, team: int, who: int | str, blocking: bool, calendar: str) -> None:
        row = self.desk.ticket(ticket)
        asked = issuing.Asked(
            kind="task",
            team_id=self.desk.teams[team],
            task="Look at the line",
            sign_for=parse("1bh" if calendar == "business" else "1h"),
            finish=parse("5bh" if calendar == "business" else "5h"),
            calendar=CALENDARS[calendar],
            is_blocking=blocking,
        )
        self.step(issuing.issue, row.id, asked, by=self.desk.person(who, row))

    def _order(self, number: int, do, who: int | str, states, **facts) -> None:
        row = self.a("work_orders", number, *states)
        if who == "team":
            member = row.assignee_id or self.desk.members[row.team_id][0]
            by = self.desk.person(self.desk.staff.index(member), self.ticket_of(row))
        else:
            by = self.desk.person(who, self.ticket_of(row))
        self.step(do, row.id, by=by, **facts)

    @where("work_orders", S.ISSUED)
    @rule(number=NUMBERS, who=HANDS)
    def sign(self, number: int, who: str) -> None:
        self._order(number, working.sign, who, [S.ISSUED], as_lead=who == "lead")

    @where("work_orders", S.SIGNED, S.REDO)
    @rule(number=NUMBERS, who=HANDS)
    def start(self, number: int, who: str) -> None:
        self._order(number, working.start, who, [S.SIGNED, S.REDO], as_lead=who == "lead")

    @where("work_orders", *AT_WORK)
    @rule(number=NUMBERS, who=HANDS)
    def finish(self, number: int, who: str) -> None:
        self._order(
            number,
            working.finish,
            who,
            [S.SIGNED, S.IN_PROGRESS, S.REDO, S.EXTENSION_REQUESTED],
            text="Done",
            as_lead=who == "lead",
        )

    @where("work_orders", S.ISSUED, S.SIGNED)
    @rule(number=NUMBERS, who=HANDS)
    def give_back(self, number: int, who: str) -> None:
        self._order(number, working.give_back, who, [S.ISSUED, S.SIGNED], text="Not ours")

    @where("work_orders", S.IN_PROGRESS)
    @rule(number=NUMBERS, who=HANDS, hours=HOURS)
    def ask_extension(self, number: int, who: str, hours: int) -> None:
        row = self.a("work_orders", number, S.IN_PROGRESS)
        until = row.finish_due_at + timedelta(hours=hours)
        self._order(
            number,
            working.ask_extension,
            who,
            [S.IN_PROGRESS],
            until=until,
            text="Parts",
            lead_extends=LEAD_EXTENDS,
        )

    @where("work_orders", S.EXTENSION_REQUESTED)
    @rule(number=NUMBERS, who=st.sampled_from(["lead", "lead", "owner"]), granted=st.booleans())
    def decide_extension(self, number: int, who: str, granted: bool) -> None:
        self._order(
            number,
            issuing.decide_extension,
            who,
            [S.EXTENSION_REQUESTED],
            granted=granted,
            lead_extends=LEAD_EXTENDS,
            as_lead=who == "lead",
        )

    @where("work_orders", S.RETURNED)
    @rule(number=NUMBERS, team=st.integers(0, 2), as_lead=st.booleans())
    def redirect(self, number: int, team: int, as_lead: bool) -> None:
        facts = {"team_id": self.desk.teams[team], "calendars": CALENDARS, "as_lead": as_lead}
        self._order(number, issuing.redirect, "owner", [S.RETURNED], text="", **facts)

    @where("work_orders", S.FINISHED)
    @rule(number=NUMBERS, who=OWNERS)
    def verify(self, number: int, who: str) -> None:
        self._order(number, issuing.verify, who, [S.FINISHED])

    @where("work_orders", S.FINISHED)
    @rule(number=NUMBERS, who=OWNERS)
    def redo(self, number: int, who: str) -> None:
        self._order(
            number, issuing.redo, who, [S.FINISHED], text="Still broken", calendars=CALENDARS
        )

    @where("work_orders", *WAIVABLE)
    @rule(number=NUMBERS, who=OWNERS)
    def waive(self, number: int, who: str) -> None:
        self._order(
            number,
            issuing.waive,
            who,
            [S.ISSUED, S.SIGNED, S.IN_PROGRESS, S.FINISHED],
            text="They do not mind",
        )

    @where("work_orders", *UNSIGNED)
    @rule(number=NUMBERS, who=OWNERS)
    def withdraw_order(self, number: int, who: str) -> None:
        self._order(number, issuing.withdraw, who, UNSIGNED, text="No longer needed")

    # Promises

    @where("tickets", *HELD)
    @rule(ticket=TICKETS, who=PEOPLE, hours=HOURS)
    def promise(self, ticket: int, who: int | str, hours: int) -> None:
        row, due = self.desk.ticket(ticket), self.desk.now + timedelta(hours=hours)
        by = self.desk.person(who, row)
        self.step(promises.make, row.id, text="I'll call you", due_at=due, by=by)

    @where("promises", PromiseState.OPEN)
    @rule(number=NUMBERS, who=PEOPLE)
    def keep(self, number: int, who: int | str) -> None:
        row = self.a("promises", number, PromiseState.OPEN)
        by = self.desk.person(who, self.ticket_of(row))
        self.step(promises.keep, row.id, by=by)

    @where("promises", PromiseState.OPEN)
    @rule(number=NUMBERS, who=PEOPLE, hours=HOURS)
    def renegotiate(self, number: int, who: int | str, hours: int) -> None:
        row = self.a("promises", number, PromiseState.OPEN)
        by, due = self.desk.person(who, self.ticket_of(row)), timedelta(hours=hours)
        due_at = self.desk.now + due
        self.step(promises.renegotiate, row.id, due_at=due_at, message="Later", by=by)

    @where("promises", PromiseState.OPEN)
    @rule(number=NUMBERS, who=PEOPLE)
    def cancel_promise(self, number: int, who: int | str) -> None:
        row = self.a("promises", number, PromiseState.OPEN)
        by = self.desk.person(who, self.ticket_of(row))
        self.step(promises.cancel, row.id, reason="They called", by=by)
