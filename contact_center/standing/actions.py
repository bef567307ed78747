"""Looks up where requests stand. Callers own the transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.queries import agent_names
from contact_center.events.queries import ticket_events
from contact_center.standing import queries
from contact_center.standing.models import Course, Standing
from contact_center.standing.rules import next_promised, stage_of, steps_of
from contact_center.tickets.models import FINISHED, Ticket
from contact_center.tickets.queries import answering_for_each

MOST_EVENTS = 500


async def standings(
    session: AsyncSession, tickets: Sequence[Ticket], *, known: Collection[str], now: datetime
) -> list[Standing]:
    """In the order of the tickets; `known` are the keys of the texts."""
    if not tickets:
        return []
    ids = [ticket.id for ticket in tickets]
    clocks = await queries.running_clocks(session, ids)
    promised = await queries.promised_dates(session, ids)
    owners = {ticket.owner_id for ticket in tickets if ticket.owner_id is not None}
    acting = await answering_for_each(session, tickets, now=now)
    names = await agent_names(session, owners | set(acting.values()))
    return [
        Standing(
            ticket_id=ticket.id,
            reference=ticket.reference,
            subject=ticket.subject,
            stage=stage_of(kind=ticket.kind, status=ticket.status, stage=ticket.stage, known=known),
            owner=names.get(ticket.owner_id or 0),
            acting=names.get(_stands_in(ticket, acting) or 0),
            next_at=next_promised(
                clocks[ticket.id], promised[ticket.id], status=ticket.status, now=now
            ),
            is_over=ticket.status in FINISHED,
            token=ticket.public_token,
        )
        for ticket in tickets
    ]


def _stands_in(ticket: Ticket, acting: Mapping[int, int]) -> int | None:
    deputy = acting.get(ticket.id)
    return deputy if deputy != ticket.owner_id else None


async def find_course(
    session: AsyncSession, token: str, *, known: Collection[str], now: datetime
) -> Course | None:
    """What the page with this token shows. A merged request goes on as the one it went into."""
    ticket = await queries.ticket_of_token(session, token)
    if ticket is None:
        return None
    events = await ticket_events(session, ticket.id, limit=MOST_EVENTS)
    [standing] = await standings(session, [ticket], known=known, now=now)
    return Course(standing, steps_of(events, known=known), ticket.language)
