"""What a ticket is promised, as its clocks need it."""

from collections.abc import Collection
from dataclasses import replace

from contact_center.calendars.days import ELAPSED, Target, Unit
from contact_center.calendars.hours import ROUND_THE_CLOCK, Calendar
from contact_center.policies.terms import Kind, Policy
from contact_center.policies.terms import Terms as Promise
from contact_center.sla.models import ANSWERS, FROM_THE_START, ClockKind
from contact_center.sla.rules.engine import Terms
from contact_center.sla.rules.versions import calendar_digest

# Who waits for an answer waits while a ticket is on hold, too.
FOR_AN_ANSWER = frozenset({"waiting_customer"})


def promises(
    policy: Policy, kinds: Collection[ClockKind] = FROM_THE_START
) -> dict[ClockKind, Terms]:
    return {
        kind: terms_of(policy, policy.clocks[Kind(kind.value)])
        for kind in kinds
        if Kind(kind.value) in policy.clocks
    }


def terms_of(policy: Policy, promise: Promise) -> Terms:
    kind = ClockKind(promise.kind.value)
    statuses = policy.pauses & FOR_AN_ANSWER if kind in ANSWERS else policy.pauses
    hours = promise.runs_on
    return Terms(
        goal=promise.target,
        hours=promise.calendar,
        version="" if hours is ROUND_THE_CLOCK else calendar_digest(promise.calendar),
        rule=promise.rule,
        pauses=",".join(sorted(statuses)) if promise.pausable else "",
        policy=promise.policy,
        policy_version=policy.version,
    )


def within(terms: Terms, hours: Calendar) -> Terms:
    """Nobody is there until they open: time that just elapses is counted in their hours."""
    if terms.goal.unit not in ELAPSED:
        return terms
    goal = Target(-(-terms.goal.seconds // 60), Unit.BUSINESS_MINUTES)
    return replace(terms, goal=goal, hours=hours, version=calendar_digest(hours))
