"""Tells who acts for absent owners that their customers have written."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.alerts.actions import alert
from contact_center.alerts.queries import leads_of
from contact_center.intake.models import Draft, Talk
from contact_center.messages.models import Direction
from contact_center.tickets.queries import answering_for_each


async def tell_deputies(
    session: AsyncSession, drafts: Sequence[tuple[Talk, Draft]], *, now: datetime
) -> None:
    """Clocks run on: whoever acts has to know. Where nobody acts the leads are told."""
    owned = [(draft, draft.owner_id) for _, draft in drafts if draft.owner_id is not None]
    if not owned:
        return
    acting = await answering_for_each(session, [draft for draft, _ in owned], now=now)
    for draft, owner in owned:
        if (one := acting.get(draft.id)) == owner:
            continue
        said = [line.id for line in draft.lines if line.direction is Direction.IN]
        leads = await leads_of(session, draft.team_id, about=draft.about_agent_id)
        to = [one] if one else [lead.id for lead in leads]
        if said:
            await alert(
                session,
                to=to,
                kind="absent.message" if one else "absent.uncovered",
                facts={"owner": owner},
                ticket_id=draft.id,
                key=f"absent:{max(said)}",
                now=now,
            )
