"""Pure decisions about work orders."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from contact_center.agents.models import Role
from contact_center.calendars.days import Target, parse
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import Actor, agent_id
from contact_center.work_orders.models import WorkOrder, WorkOrderState

LONGEST_TEXT = 10_000  # characters
MOST_OPEN = 50  # work orders of one ticket
LEAD_DECIDES = 2  # returns, from which on a lead says for whom the work is
SUPERVISED = 3  # returns, and redos, from which on a supervisor looks after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where and when somebody comes to the customer."""

    location: str
    appointment_from: datetime
    appointment_until: datetime
    skill: str | None = None


def redo_target(first: str) -> Target:
    """Half of what the first attempt had, rounded up."""
    target = parse(first)
    return Target((target.amount + 1) // 2, target.unit)


def check_visit(visit: Visit | None, *, is_visit: bool, now: datetime) -> None:
    """A visit needs a place and a window that lies ahead; other work has none. Raises Invalid."""
    if visit is None:
        if is_visit:
            raise Invalid(code="work_order.visit_needs")
        return
    if not is_visit:
        raise Invalid(code="work_order.visits_only")
    if not visit.location.strip():
        raise Invalid(code="work_order.say_place")
    if visit.appointment_from >= visit.appointment_until:
        raise Invalid(code="work_order.visit_times")
    if visit.appointment_until <= now:
        raise Invalid(code="work_order.visit_past")


def check_is_member(order: WorkOrder, *, by: Actor, members: Collection[int], lead: bool) -> None:
    """Who does the work: somebody of the team it was given to, or a lead. Raises Forbidden."""
    number = agent_id(by)
    if not lead and number not in members:
        raise Forbidden(code="work_order.other_team", reference=order.reference)


def check_return(order: WorkOrder, *, now: datetime) -> None:
    """Whoever does not want it says so while it could still be signed in time."""
    may_be_returned = (WorkOrderState.ISSUED, WorkOrderState.SIGNED)
    if order.state in may_be_returned and now > order.sign_due_at:
        raise Conflict(
            code="work_order.return_late", reference=order.reference, sign_due_at=order.sign_due_at
        )


def check_extension(order: WorkOrder, *, until: datetime, now: datetime) -> None:
    """One may be asked for, before the work is due. Raises Conflict, Invalid."""
    if order.extension_until is not None:
        raise Conflict(code="work_order.extension_once", reference=order.reference)
    if order.state is WorkOrderState.IN_PROGRESS and now > order.finish_due_at:
        raise Conflict(
            code="work_order.extension_late",
            reference=order.reference,
            finish_due_at=order.finish_due_at,
        )
    if until <= order.finish_due_at:
        raise Invalid(
            code="work_order.extension_longer",
            reference=order.reference,
            finish_due_at=order.finish_due_at,
        )


class Person(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def role(self) -> Role: ...


def is_long(order: WorkOrder, *, lead_extends: timedelta) -> bool:
    """Whether the time that is asked for is more than a lead may grant."""
    until = order.extension_until
    return until is not None and until - order.finish_due_at > lead_extends


def may_extend(
    approver: Person, *, owner: Person | None, asked_by: int | None, long: bool = False
) -> bool:
    """Whoever leads the owner; managers have nobody above them who looks after work.

    `long`: more than a lead may grant.
    """
    if approver.role in (Role.MANAGER, Role.ADMIN):
        return True
    if long or approver.role is not Role.LEAD or approver.id == asked_by:
        return False
    return owner is None or owner.role is Role.AGENT


def check_text(text: str, *, missing: str) -> str:
    """Raises Invalid, with the code `missing` where there is none."""
    if not text.strip():
        raise Invalid(code=missing)
    if len(text) > LONGEST_TEXT:
        raise Invalid(code="work_order.text_too_long", most=LONGEST_TEXT)
    return text.strip()
