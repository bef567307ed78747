"""Who is told that a complaint was not answered in its time. Callers own the transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.queries import who_hears
from contact_center.alerts.actions import alert
from contact_center.alerts.queries import leads_of
from contact_center.complaints import queries

AT_ONCE = 200


async def tell_of_unanswered(session: AsyncSession, *, now: datetime, after: int = 0) -> int | None:
    """Owners and leads, once for each end of the time; asking again changes nothing.

    Returns the last ticket that was looked at, None when there are no more.
    """
    late = await queries.unanswered(session, now=now, after=after, limit=AT_ONCE)
    for one in late:
        assert one.ended_at is not None
        about = one.about_agent_id
        told = await who_hears(session, [one.owner_id], about=about, now=now)
        told |= {lead.id for lead in await leads_of(session, one.team_id, about=about)}
        await alert(
            session,
            to=sorted(told),
            kind="complaint.unanswered",
            facts={"ended_at": one.ended_at.isoformat()},
            now=now,
            ticket_id=one.ticket_id,
            key=f"complaint-unanswered-{one.ticket_id}-{one.ended_at:%Y%m%d}",
        )
    return late[-1].ticket_id if len(late) == AT_ONCE else None
