"""More time: how much of it there is, who grants it, and until when it may be asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contact_center.calendars.days import due
from contact_center.complaints.models import UNDECIDED, Complaint
from contact_center.complaints.rules.authority import is_at_least
from contact_center.complaints.rules.stages import StepRefused
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.policies.terms import Extension, Terms
from contact_center.procedure import ROLES, Procedure, Role


@dataclass(frozen=True, slots=True)
class Step:
    """One extension: each is counted from the receipt, and follows the one before it."""

    latest: datetime
    role: Role  # who grants it, or somebody above
    before_due: bool  # before our own due instant, not only before the legal one
    notify: bool = True


@dataclass(frozen=True, slots=True)
class Deadline:
    """As it stands now."""

    internal: datetime | None
    legal: datetime | None


def steps_of(complaint: Complaint, terms: Terms | None, procedure: Procedure) -> list[Step]:
    """Those of the preset; where it has none, the one of the configuration."""
    usual = procedure.extension
    latest = complaint.received_at + timedelta(days=usual.longest_days)
    if terms is None or not terms.extensions:
        return [Step(latest, usual.role, before_due=False)]
    steps = []
    for extension in terms.extensions:
        if extension.total is not None:
            counted = due(extension.total, complaint.received_at, terms.calendar, terms.rule)
            latest = counted.legal
        role = _approver(extension, procedure)
        steps.append(Step(latest, role, extension.before_due, extension.notify_customer))
    return steps


def _approver(extension: Extension, procedure: Procedure) -> Role:
    named = extension.approver
    if named is None:
        return procedure.extension.role
    return next((role for role in ROLES if role == named), procedure.extension.executive)


def check_extension(
    complaint: Complaint,
    steps: Sequence[Step],
    *,
    until: datetime,
    deadline: Deadline,
    role: str,
    now: datetime,
) -> Step:
    """Which of the steps it is. Raises StepRefused, Conflict, Invalid, Forbidden."""
    if complaint.stage not in UNDECIDED:
        raise StepRefused(code="complaint.nothing_to_extend")
    if deadline.legal is not None and now > deadline.legal:
        raise Conflict(code="complaint.deadline_passed")
    if until <= max(now, deadline.legal or now):
        over = max(now, deadline.legal or now)
        raise Invalid(code="complaint.extend_later", over=over)
    step = _step(complaint, steps, until)
    if step.before_due and deadline.internal is not None and now > deadline.internal:
        raise Conflict(code="complaint.extension_too_late", internal=deadline.internal)
    if not is_at_least(role, step.role):
        raise Forbidden(code="complaint.extension_authority", role=step.role, until=until)
    return step


def _step(complaint: Complaint, steps: Sequence[Step], until: datetime) -> Step:
    number = next((n for n, step in enumerate(steps) if until <= step.latest), None)
    if number is None:
        latest = steps[-1].latest
        raise Invalid(code="complaint.extension_total", latest=latest)
    if number > _begun(complaint, steps):
        before = steps[number - 1].latest
        raise Invalid(code="complaint.extension_step", latest=before)
    return steps[number]


def _begun(complaint: Complaint, steps: Sequence[Step]) -> int:
    """The number of the furthest step that may follow what has been granted already."""
    granted = complaint.extended_to
    if granted is None:
        return 0
    return 1 + next((n for n, step in enumerate(steps) if granted <= step.latest), len(steps))
