"""Why a clock is due when it is: what explains it, in the words of `policies.explaining`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from contact_center.calendars import days
from contact_center.calendars.hours import ROUND_THE_CLOCK, Calendar, is_open, next_opening
from contact_center.policies.choosing import Policies
from contact_center.policies.explaining import explain
from contact_center.policies.terms import Evidence, Kind, Terms, Words
from contact_center.sla.models import OF_WORK_ORDERS, Clock, ClockState
from contact_center.sla.rules import engine
from contact_center.sla.rules.engine import Run
from contact_center.sla.rules.terms import Span


@dataclass(frozen=True, slots=True)
class Reason:
    """All that explains one clock."""

    clock: Clock
    terms: Terms
    pauses: Sequence[Span]

    def title(self, language: str) -> str:
        return self.terms.title.get(language) or self.terms.title["en"]

    def sentences(self, language: str, zone: tzinfo) -> list[str]:
        """Times are those of the calendar, or of the reader where none is needed."""
        clock, terms = self.clock, self.terms
        due = days.due(terms.target, clock.started_at, terms.calendar, terms.rule)
        due = replace(
            due,
            legal=clock.legal_due_at or due.legal,
            internal=clock.due_at or due.internal,
            provisional=clock.provisional,
        )
        said = explain(
            terms,
            start=clock.started_at,
            due=due,
            language=language,
            pauses=self.pauses,
            zone=zone if terms.calendar is ROUND_THE_CLOCK else None,
        )
        return said if clock.due_at else said[:-1]  # what stands still is due at no time

    def closed_until(self, now: datetime) -> datetime | None:
        """When it counts on, where it runs and the calendar is closed."""
        hours = engine.measure(self.clock.goal, self.terms.calendar)
        if self.clock.state is not ClockState.RUNNING or is_open(hours, now):
            return None
        return next_opening(hours, now)


def terms_of(run: Run, policies: Policies | None, calendar: Calendar) -> Terms:
    """As its policy called them; a policy that is no longer known gives its name."""
    # A clock from before there were policies has seconds alone.
    target = days.parse(run.goal) if run.goal else days.Target(run.target, days.Unit.SECONDS)
    rule = engine.parse_rule(run.rule)
    title: Words = {"en": run.policy or "–"}
    known = Terms(
        Kind(run.kind.value),
        run.policy,
        target,
        calendar,
        rule,
        bool(run.pauses),
        run.policy,
        title,
        Evidence.DECISION,
    )
    if policies is None:
        return known
    if run.kind in OF_WORK_ORDERS:
        found = policies.work_order_types.get(run.policy)
        return replace(known, title=found.title) if found else known
    lines = [
        line
        for line in policies.lines
        if line.policy == run.policy and line.clock.kind == run.kind.value
    ]
    line = next((one for one in lines if one.clock.target == target), lines[0] if lines else None)
    if line is None:
        return known
    return replace(
        known,
        title=line.preset.title,
        evidence=line.clock.evidence,
        jurisdiction=line.preset.jurisdiction,
    )
