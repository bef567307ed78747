"""Sends tickets to teams, and tells the teams. Callers own the transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.deliveries import actions as deliveries
from contact_center.routing import queries
from contact_center.routing.rules import Rule, choose_team, claim_notice
from contact_center.texts import Texts
from contact_center.tickets.models import Priority, TicketKind


class Routed(Protocol):
    """A ticket that has just begun to need a human."""

    id: int
    kind: TicketKind
    priority: Priority
    subject: str
    category: str | None
    team: str | None
    team_id: int | None
    channel: str
    language: str


async def choose_teams(
    session: AsyncSession, tickets: Sequence[Routed], *, rules: Sequence[Rule]
) -> None:
    """Fill in the team of tickets that have none; unknown names leave them to everybody."""
    names = {id(t): t.team or choose_team(rules, _facts(t)) for t in tickets if t.team_id is None}
    wanted = {name for name in names.values() if name}
    if not wanted:
        return
    teams = await queries.team_ids(session, wanted)
    for ticket in tickets:
        name = names.get(id(ticket))
        if name in teams:
            ticket.team_id = teams[name]


async def announce(
    session: AsyncSession, tickets: Sequence[Routed], *, texts: Texts, language: str, now: datetime
) -> None:
    """Tell teams that have a Telegram group; agents claim with a button."""
    teams = {ticket.team_id for ticket in tickets if ticket.team_id}
    if not teams:
        return
    groups = await queries.telegram_groups(session, teams)
    rows = [
        deliveries.delivery_row(
            claim_notice(
                ticket.id,
                kind=ticket.kind,
                subject=ticket.subject,
                chat=groups[ticket.team_id or 0],
                key=f"notice-{ticket.id}",
                texts=texts,
                language=language,
            ),
            channel="telegram",
            order_key=f"telegram:{groups[ticket.team_id or 0]}",
            kind="notice",
            now=now,
            ticket_id=ticket.id,
        )
        for ticket in tickets
        if ticket.team_id in groups
    ]
    await deliveries.enqueue_all(session, rows)


def _facts(ticket: Routed) -> dict[str, str | None]:
    return {
        "kind": ticket.kind.value,
        "priority": ticket.priority.value,
        "category": ticket.category,
        "channel": ticket.channel,
        "language": ticket.language,
    }
