"""Pure decisions about work orders."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
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
            raise Invalid("a field visit needs a place and an appointment: from when until when")
        return
    if not is_visit:
        raise Invalid("only a field visit has an appointment")
    if not visit.location.strip():
        raise Invalid("say where the visit is")
    if visit.appointment_from >= visit.appointment_until:
        raise Invalid("the appointment ends before it begins")
    if visit.appointment_until <= now:
        raise Invalid("the appointment lies in the past")


def check_is_member(order: WorkOrder, *, by: Actor, members: Collection[int], lead: bool) -> None:
    """Who does the work: somebody of the team it was given to, or a lead. Raises Forbidden."""
    number = agent_id(by)
    if not lead and number not in members:
        raise Forbidden(f"{order.reference} is for another team: ask one of its members, or a lead")


def check_return(order: WorkOrder, *, now: datetime) -> None:
    """Whoever does not want it says so while it could still be signed in time."""
    may_be_returned = (WorkOrderState.ISSUED, WorkOrderState.SIGNED)
    if order.state in may_be_returned and now > order.sign_due_at:
        raise Conflict(
            f"{order.reference} was to be signed by {order.sign_due_at:%Y-%m-%d %H:%M} UTC: "
            "it can no longer be returned",
            sign_due_at=order.sign_due_at.isoformat(),
        )


def check_extension(order: WorkOrder, *, until: datetime, now: datetime) -> None:
    """One may be asked for, before the work is due. Raises Conflict, Invalid."""
    if order.extension_until is not None:
        raise Conflict(f"{order.reference} has had its extension: there is only one")
    if order.state is WorkOrderState.IN_PROGRESS and now > order.finish_due_at:
        raise Conflict(
            f"{order.reference} was due {order.finish_due_at:%Y-%m-%d %H:%M} UTC: "
            "an extension is asked for before",
            finish_due_at=order.finish_due_at.isoformat(),
        )
    if until <= order.finish_due_at:
        raise Invalid(
            "an extension ends later than the work is due now: "
            f"{order.reference} is due {order.finish_due_at:%Y-%m-%d %H:%M} UTC",
        )


class Person(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def role(self) -> Role: ...


def may_extend(approver: Person, *, owner: Person | None, asked_by: int | None) -> bool:
    """Whoever leads the owner; managers have nobody above them who looks after work."""
    if approver.role in (Role.MANAGER, Role.ADMIN):
        return True
    if approver.role is not Role.LEAD or approver.id == asked_by:
        return False
    return owner is None or owner.role is Role.AGENT


def check_text(text: str, *, what: str) -> str:
    """Raises Invalid."""
    if not text.strip():
        raise Invalid(f"say {what}")
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"a text has at most {LONGEST_TEXT} characters")
    return text.strip()
