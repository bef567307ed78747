"""How far the clocks of a ticket have climbed. Changes nothing."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.calendars.hours import Calendar
from contact_center.customers.queries import tiers_of
from contact_center.escalations import queries
from contact_center.escalations.rules import Facts, Progress, progress
from contact_center.ladder import Ladder
from contact_center.sla.actions.rows import calendars_for, run_of
from contact_center.sla.models import Clock
from contact_center.sla.queries import all_clocks
from contact_center.sla.rules.engine import Run
from contact_center.tickets.models import Ticket


async def climbed(session: AsyncSession, ticket: Ticket, *, ladder: Ladder) -> list[Progress]:
    """In the order in which the clocks were started."""
    return progress(await facts_of(session, ticket), ladder)


async def facts_of(session: AsyncSession, ticket: Ticket) -> Facts:
    """All that a ladder has to know of a ticket."""
    clocks = await all_clocks(session, ticket.id)
    tiers = await tiers_of(session, [ticket.customer_id])
    return Facts(
        await _with_hours(session, clocks),
        await queries.escalations_of(session, ticket.id),
        tiers.get(ticket.customer_id, "none"),
    )


async def _with_hours(
    session: AsyncSession, clocks: Sequence[Clock]
) -> list[tuple[Clock, Run, Calendar]]:
    calendars = await calendars_for(session, {clock.calendar for clock in clocks})
    return [
        (clock, run, calendars.of(run) if run.is_owed else calendars.named(run.calendar)[0])
        for clock, run in ((clock, run_of(clock)) for clock in clocks)
    ]
