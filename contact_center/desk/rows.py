"""Lines of a queue: tickets with everything a line shows, in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from contact_center.accounts.queries import accounts_by_id
from contact_center.agents.queries import agent_names
from contact_center.customers.queries import customers_by_id
from contact_center.messages.queries import unread_counts
from contact_center.tickets.models import WAITING, Priority, Status, Ticket
from contact_center.tickets.queries import answering_for_each, hidden_among

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    ticket: Ticket
    customer: str
    tier: str  # empty for none
    owner: str | None
    acting: str | None  # for an owner who is absent
    assignee: str | None
    unread: int
    excerpt: str = ""  # of what a search has found

    @property
    def sort(self) -> str:
        """As the queue is sorted; compared as text by the page's script."""
        due = self.ticket.next_due_at
        milliseconds = int(due.timestamp() * 1000) if due else 10**15
        return f"{milliseconds:016d}-{self.ticket.id:012d}"

    @property
    def is_claimable(self) -> bool:
        return self.ticket.status is Status.QUEUED

    @property
    def waits(self) -> bool:
        return self.ticket.status in WAITING

    @property
    def stands_out(self) -> bool:
        return self.ticket.priority in (Priority.URGENT, Priority.HIGH)


async def rows_of(
    session: "AsyncSession",
    tickets: Sequence[Ticket],
    *,
    agent_id: int,
    now: datetime,
    excerpts: dict[int, str] | None = None,
) -> list[Row]:
    """For one reader: without complaints about themselves, or who leads them."""
    delicate = [ticket.id for ticket in tickets if ticket.about_agent_id is not None]
    hidden = await hidden_among(session, delicate, reader=agent_id)
    tickets = [ticket for ticket in tickets if ticket.id not in hidden]
    if not tickets:
        return []
    ids = [ticket.id for ticket in tickets]
    customers = await customers_by_id(session, {ticket.customer_id for ticket in tickets})
    accounts = await accounts_by_id(session, {c.account_id for c in customers.values()})
    owners = {ticket.owner_id for ticket in tickets if ticket.owner_id}
    acting = await answering_for_each(session, tickets, now=now)
    staff = owners | {t.assignee_id for t in tickets if t.assignee_id} | set(acting.values())
    names = await agent_names(session, staff)
    unread = await unread_counts(session, agent_id=agent_id, ticket_ids=ids)
    rows = []
    for ticket in tickets:
        customer = customers.get(ticket.customer_id)
        account = accounts.get(customer.account_id or 0) if customer else None
        rows.append(
            Row(
                ticket=ticket,
                customer=customer.name if customer else "",
                tier=account.tier.value if account and account.tier.value != "none" else "",
                owner=names.get(ticket.owner_id or 0),
                acting=_deputy(ticket, acting, names),
                assignee=names.get(ticket.assignee_id or 0),
                unread=unread.get(ticket.id, 0),
                excerpt=(excerpts or {}).get(ticket.id, ""),
            )
        )
    return rows


def _deputy(ticket: Ticket, acting: dict[int, int], names: dict[int, str]) -> str | None:
    one = acting.get(ticket.id)
    return names.get(one or 0) if one != ticket.owner_id else None


def after_of(ticket: Ticket) -> str:
    """Where the next page of a queue begins."""
    due = ticket.next_due_at
    return f"{due.isoformat() if due else ''}_{ticket.id}"


def parse_after(text: str) -> tuple[datetime | None, int] | None:
    """Raises ValueError."""
    if not text:
        return None
    due, _, number = text.rpartition("_")
    at, ticket_id = datetime.fromisoformat(due) if due else None, int(number)
    if (at and at.utcoffset() != timedelta(0)) or not 0 < ticket_id <= LARGEST_ID:
        raise ValueError(f"{text!r} is no end of a page")
    return at, ticket_id
