"""Pure decisions about hand-overs."""

from collections.abc import Mapping, Sequence
from typing import Any

from contact_center.errors import Conflict
from contact_center.handovers.models import HandoverKind
from contact_center.tickets.models import ACTIVE, FINISHED, IllegalTransition, Status, Ticket

SUPERVISED_FROM = 3  # transfers of one ticket, back and forth counted both
LONG_LIST = 20  # things that are named one by one


class Responsible(Conflict):
    """Somebody still answers for things here: hand them over first."""


def check_can_move(ticket: Ticket, kind: HandoverKind) -> None:
    """Whether there is something to hand over. Raises IllegalTransition."""
    if kind is HandoverKind.TRANSFER:
        if ticket.status not in ACTIVE - {Status.QUEUED}:
            raise IllegalTransition(
                code="ticket.claim_first", reference=ticket.reference, status=ticket.status
            )
    elif ticket.status in FINISHED or ticket.status is Status.BOT or ticket.owner_id is None:
        raise IllegalTransition(
            code="ticket.nobody_hands_over", reference=ticket.reference, status=ticket.status
        )


def holder(ticket: Ticket, kind: HandoverKind) -> int | None:
    return ticket.assignee_id if kind is HandoverKind.TRANSFER else ticket.owner_id


def refuse_leaving(name: str, held: Mapping[str, Sequence[str]]) -> None:
    """`held` names what somebody answers for, by kind. Raises Responsible that lists it."""
    held = {kind: things for kind, things in held.items() if things}
    if not held:
        return
    listed = {kind.replace(" ", "_"): _list(things) for kind, things in held.items()}
    facts: dict[str, Any] = {kind.replace(" ", "_"): list(held[kind]) for kind in held}
    raise Responsible(code="handover.responsible", name=name, listed=listed, **facts)


def _list(things: Sequence[str]) -> str:
    rest = len(things) - LONG_LIST
    return ", ".join(things[:LONG_LIST]) + (f" … +{rest}" if rest > 0 else "")
