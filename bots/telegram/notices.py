"""What a team's group shows about one ticket, by the deliveries that were sent to it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bots.telegram.contents import Say
from contact_center.channels.base import Outgoing
from contact_center.deliveries.models import Delivery


@dataclass(frozen=True, slots=True)
class Shown:
    """Announcements are numbered from 1; routing sends the first one."""

    ticket_id: int
    count: int
    open: Delivery | None  # the announcement that still offers the ticket

    @property
    def chat(self) -> str | None:
        return self.open.address if self.open else None

    @property
    def next_key(self) -> str:
        return _announcement(self.ticket_id, self.count + 1)


def shown(ticket_id: int, notices: Sequence[Delivery]) -> Shown:
    sent = {notice.idempotency_key: notice for notice in notices}
    count = 0
    while _announcement(ticket_id, count + 1) in sent:
        count += 1
    ended = _end(ticket_id, count) in sent
    return Shown(ticket_id, count, None if ended else sent.get(_announcement(ticket_id, count)))


def taken_notice(announced: Delivery, seen: Shown, *, holder: str | None, say: Say) -> Outgoing:
    """Replaces the announcement: who has the ticket, or that it waits here no longer."""
    ending = say("telegram.taken_by", name=holder) if holder else say("telegram.waits_no_longer")
    return Outgoing(
        idempotency_key=_end(seen.ticket_id, seen.count),
        address=announced.address,
        text=f"{announced.payload['text']}\n\n{ending}",
        extra={"edit": announced.network_id},
    )


def _announcement(ticket_id: int, number: int) -> str:
    return f"notice-{ticket_id}" if number == 1 else f"notice-{ticket_id}-{number}"


def _end(ticket_id: int, number: int) -> str:
    return f"notice-{ticket_id}-{number}-taken"
