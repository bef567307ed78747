"""When a promise may be made, and how it may end."""

from collections.abc import Collection
from datetime import datetime, timedelta

from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import Actor, agent_id
from contact_center.promises.models import Promise
from contact_center.tickets.models import Ticket

LONGEST_TEXT = 2_000  # characters
FURTHEST = timedelta(days=366)
SUPERVISED = 2  # broken promises on one ticket, from which on a supervisor looks after it


def check_promise(text: str, *, due_at: datetime, now: datetime) -> str:
    """Raises Invalid."""
    if not text.strip():
        raise Invalid(code="promise.say_what")
    if len(text) > LONGEST_TEXT:
        raise Invalid(code="promise.too_long", most=LONGEST_TEXT)
    if due_at <= now:
        raise Invalid(code="promise.past")
    if due_at > now + FURTHEST:
        raise Invalid(code="promise.too_far", days=FURTHEST.days)
    return text.strip()


def check_in_time(promise: Promise, *, now: datetime) -> None:
    """Until it falls due it can be kept or changed; then it is broken."""
    if now > promise.due_at:
        raise Conflict(code="promise.broken", due_at=promise.due_at)


def check_reason(reason: str) -> str:
    if not reason.strip():
        raise Invalid(code="promise.say_why_dropped")
    return reason.strip()


def check_may_end(
    promise: Promise,
    ticket: Ticket,
    *,
    by: Actor,
    as_lead: bool,
    standing_in: Collection[int] = (),
) -> None:
    """Who gave it, who works on the ticket or answers for it, or a lead. Raises Forbidden.

    `standing_in` are those for whom the actor acts while they are absent.
    """
    concerned = {promise.promised_by_id, ticket.owner_id, ticket.assignee_id}
    if not as_lead and not concerned & {agent_id(by), *standing_in}:
        raise Forbidden(code="promise.not_yours")


def rate(kept: int, broken: int) -> float | None:
    """Of the promises that fell due the part that was kept; None where there were none."""
    return kept / (kept + broken) if kept + broken else None
