"""Pure decisions about tickets."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from contact_center.calendars.days import End, Rule, Target, Unit, due
from contact_center.calendars.week import Calendar
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import Actor, agent_id
from contact_center.tickets.models import Priority, Ticket, reference

LONGEST_SUBJECT = 200  # characters
LONGEST_WAIT = Target(10, Unit.BUSINESS_DAYS)  # until somebody looks at it again
_REFERENCE = re.compile(r"\s*[Tt]-?0*(\d{1,18})\s*")


def is_theirs(ticket: Ticket, agent_ids: Collection[int]) -> bool:
    """Whether one of the agents works on it, or answers for it."""
    return ticket.assignee_id in agent_ids or ticket.owner_id in agent_ids


def check_may_act(
    ticket: Ticket, *, by: Actor, override: bool, standing_in: Collection[int] = ()
) -> None:
    """Who works on a ticket, or answers for it, decides what becomes of it. Raises Forbidden.

    `standing_in` are those for whom the actor acts while they are absent.
    """
    number = agent_id(by)
    if override or number is None or ticket.assignee_id is None:
        return
    if not is_theirs(ticket, {number, *standing_in}):
        raise Forbidden(code="ticket.not_yours", reference=ticket.reference)


def check_answers_for(ticket: Ticket, *, by: Actor, acting: int | None) -> None:
    """What only the owner does, or `acting` in the owner's absence. Raises Forbidden."""
    number = agent_id(by)
    if number is None or number not in (acting, ticket.owner_id):
        raise Forbidden(code="ticket.only_owner", reference=ticket.reference)


def check_nothing_is_open(ticket: Ticket) -> None:
    """No ticket is resolved while work for it, or a promise to its customer, is open."""
    if ticket.open_work_orders or ticket.open_promises:
        raise Conflict(
            code="ticket.cannot_resolve",
            reference=ticket.reference,
            work_orders=ticket.open_work_orders,
            promises=ticket.open_promises,
        )


def check_agreed_waiting(
    *, reason: str, review_at: datetime | None, hours: Calendar, now: datetime
) -> None:
    """On hold, or for a third party: for a reason, and not for ever. Raises Invalid."""
    if review_at is None or review_at <= now:
        raise Invalid(code="form.until_in_future")
    if not reason.strip():
        raise Invalid(code="ticket.wait_what")
    latest = due(LONGEST_WAIT, now, hours, Rule(end=End.MIDNIGHT))
    if review_at > latest.legal:
        raise Invalid(
            code="ticket.wait_too_long",
            amount=LONGEST_WAIT.amount,
            legal_day=latest.legal_day,
            latest=latest.legal.isoformat(),
        )


def parse_reference(text: str) -> int | None:
    """The ticket's id, when the text is nothing but a reference."""
    match = _REFERENCE.fullmatch(text)
    return int(match[1]) if match else None


def subject_from(text: str) -> str:
    """A subject for a message that came without one: its first line."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def reply_subject(subject: str, *, ticket_id: int) -> str:
    plain = re.sub(r"^(\s*(re|aw|fw|fwd|回复|答复|转发)\s*[:：])+\s*", "", subject, flags=re.I)
    return f"Re: {plain} [{reference(ticket_id)}]"


PRIORITIES: Sequence[Priority] = (Priority.URGENT, Priority.HIGH, Priority.NORMAL, Priority.LOW)
