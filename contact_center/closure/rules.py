"""The gate: pure decisions about what a ticket lacks before it is resolved, and closed."""

from collections.abc import Iterator, Sequence

from contact_center.closure.models import Answers, Missing, Need, NotReady
from contact_center.errors import Conflict
from contact_center.promises.models import Promise
from contact_center.tickets.models import Settled, Ticket, TicketKind
from contact_center.work_orders.models import WorkOrder, WorkOrderState

API = "/api/v1"
# Stages of a complaint (complaints.models.Stage stands above): the customer has our response …
ANSWERED = frozenset({"responded", "accepted", "rejected_by_customer", "silent", "withdrawn"})
WITHDRAWN = "withdrawn"
# … and its own process has ended, with all that the customer was owed.
ENDED = frozenset({"closed"})


def to_resolve(
    ticket: Ticket,
    *,
    orders: Sequence[WorkOrder],
    promises: Sequence[Promise],
    answers: Answers,
) -> list[Missing]:
    """`orders` and `promises` are those that are open. Nothing missing: it may be resolved."""
    return [
        *_response(ticket),
        *_work(orders),
        *_promised(promises),
        *_answer(ticket, answers),
    ]


def to_close(ticket: Ticket) -> list[Missing]:
    """Of a ticket that is resolved. Nothing missing: it closes."""
    here, missing = _address(ticket), []
    if ticket.kind is TicketKind.COMPLAINT:
        if ticket.stage not in ENDED:
            detail = "the file of the complaint is not closed"
            missing.append(_missing(Need.COMPLAINT_OUTCOME, detail, f"{here}/complaint"))
    elif ticket.settled is None:
        detail = "the customer has not confirmed it, and has not been silent for long enough"
        missing.append(_missing(Need.CONFIRMATION, detail, f"{here}/confirmation"))
    if ticket.owner_id is not None and ticket.signed_off_at is None:
        detail = "who answers for it has not signed it off"
        missing.append(_missing(Need.SIGN_OFF, detail, f"{here}/sign-off"))
    return missing


def check_cancel(ticket: Ticket) -> None:
    """A complaint is withdrawn, or put away as none, before its ticket is cancelled."""
    if ticket.kind is TicketKind.COMPLAINT and ticket.stage not in (None, WITHDRAWN):
        raise Conflict(code="closure.end_file_first", reference=ticket.reference)


def may_end_by(ticket: Ticket, how: Settled) -> bool:
    """Silence never ends a complaint."""
    return how is Settled.CUSTOMER_CONFIRMED or ticket.kind is not TicketKind.COMPLAINT


def refuse(ticket: Ticket, missing: Sequence[Missing], *, what: str) -> None:
    """Raises NotReady, unless nothing is missing."""
    if missing:
        reasons = "; ".join(one.detail for one in missing)
        raise NotReady(
            code="closure.not_ready",
            reference=ticket.reference,
            what=what,
            reasons=reasons,
            missing=[one.shown() for one in missing],
        )


def _response(ticket: Ticket) -> Iterator[Missing]:
    if ticket.kind is TicketKind.COMPLAINT and ticket.stage not in ANSWERED:
        detail = "the complaint has not been responded to"
        yield _missing(Need.COMPLAINT_RESPONSE, detail, f"{_address(ticket)}/complaint")


def _work(orders: Sequence[WorkOrder]) -> Iterator[Missing]:
    for order in orders:
        if not order.blocks:
            continue
        here = f"{API}/work-orders/{order.id}"
        facts = {"work_order_id": order.id, "reference": order.reference, "state": order.state}
        if order.state is WorkOrderState.FINISHED:
            detail = f"{order.reference} is finished and not verified"
            yield _missing(Need.VERIFICATION, detail, f"{here}/verification", **facts)
        else:
            detail = f"{order.reference} is {order.state}"
            yield _missing(Need.WORK_ORDER, detail, here, **facts)


def _promised(promises: Sequence[Promise]) -> Iterator[Missing]:
    for promise in promises:
        due_at = promise.due_at.isoformat()
        facts = {"promise_id": promise.id, "due_at": due_at}
        detail = f"a promise for {promise.due_at:%Y-%m-%d %H:%M} UTC is open"
        yield _missing(Need.PROMISE, detail, f"{API}/promises/{promise.id}", **facts)


def _answer(ticket: Ticket, answers: Answers) -> Iterator[Missing]:
    replies = f"{_address(ticket)}/replies"
    if ticket.first_response_at is None:
        yield _missing(Need.ANSWER, "it has no answer: tell the customer what was done", replies)
    elif answers.work_finished_at is not None and (
        answers.by_owner_at is None or answers.by_owner_at < answers.work_finished_at
    ):
        detail = "its owner has not told the customer what the departments' work came to"
        yield _missing(Need.FINAL_ANSWER, detail, replies)


def _missing(need: Need, detail: str, href: str, **facts: object) -> Missing:
    return Missing(need=need, detail=detail, href=href, facts=facts)


def _address(ticket: Ticket) -> str:
    return f"{API}/tickets/{ticket.id}"
