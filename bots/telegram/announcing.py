"""Keeps teams' groups up to date: who took a ticket, and that one waits again or elsewhere.

What a group should show follows from the ticket as it is; what it does show, from the deliveries.
So it does not matter how a ticket was claimed, in which order nodes look, or how often.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bots.telegram.connection import NAME
from bots.telegram.notices import Shown, shown, taken_notice
from contact_center.agents import queries as agents
from contact_center.channels.base import Outgoing
from contact_center.deliveries.actions import enqueue
from contact_center.deliveries.models import DeliveryStatus
from contact_center.deliveries.queries import deliveries_of_ticket
from contact_center.events.queries import events_since, last_event_id
from contact_center.routing.rules.notices import claim_notice
from contact_center.runtime import Runtime
from contact_center.tickets.models import Status, Ticket
from contact_center.tickets.queries import get_ticket, lock_ticket, queued_ticket_ids

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(seconds=10)  # transactions that overlapped show their events late
IDLE = 10.0  # seconds between looks when nobody hints
SOON = 1.0  # seconds, while an announcement is on its way that has to be changed
BREATH = 0.1  # seconds: under load one look serves many hints
MOST_EVENTS = 5_000
KIND = "notice"

Groups = Mapping[int, str]  # chats by team


class Announcer:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._after: int | None = None  # the last event seen; None before the first look
        self._seen: set[int] = set()
        self._unsettled: set[int] = set()  # tickets

    async def run(self) -> None:
        """Announce until cancelled."""
        with self._runtime.bus.subscribe("events") as woken:
            while True:
                try:
                    await self.step()
                except Exception:
                    log.exception("groups could not be brought up to date")
                await woken.wait(SOON if self._unsettled else IDLE)
                await asyncio.sleep(BREATH)

    async def step(self) -> None:
        """Look at the tickets that something happened to since the last look."""
        async with self._runtime.db.read() as session:
            groups = await agents.team_chats(session)
            self._unsettled.update(await self._changed(session, groups))
        for ticket_id in sorted(self._unsettled):
            try:
                settled = await self._settle(ticket_id, groups)
            except Exception:
                log.exception("a group was not told", extra={"ticket": ticket_id})
                settled = True  # until something happens to the ticket again
            if settled:
                self._unsettled.discard(ticket_id)

    async def _changed(self, session: AsyncSession, groups: Groups) -> Sequence[int]:
        if not groups:
            self._after = None
            return []
        if self._after is None:
            self._after = await last_event_id(session)
            return await queued_ticket_ids(session, team_ids=groups.keys())
        events = await events_since(
            session, after=self._after, within=LOOK_BACK, kinds="ticket.", limit=MOST_EVENTS
        )
        fresh = [event for event in events if event.id not in self._seen]
        self._seen = {event.id for event in events}
        self._after = max((event.id for event in events), default=self._after)
        return [event.ticket_id for event in fresh if event.ticket_id]

    async def _settle(self, ticket_id: int, groups: Groups) -> bool:
        """Send what the groups should read about a ticket; False when it is too early for that."""
        async with self._runtime.db.read() as session:
            ticket = await get_ticket(session, ticket_id)
            if (await _shown(session, ticket_id)).chat == _wanted(ticket, groups):
                return True
        async with self._runtime.db.begin() as session:
            # Locked: of several nodes the first sends, and the others see what it has sent.
            ticket = await lock_ticket(session, ticket_id)
            seen, chat = await _shown(session, ticket_id), _wanted(ticket, groups)
            if seen.chat == chat:
                return True
            if not await self._end(session, ticket, seen):
                return False
            if chat is not None:
                await self._announce(session, ticket, seen, chat=chat)
            return True

    async def _end(self, session: AsyncSession, ticket: Ticket, seen: Shown) -> bool:
        """Take the offer back; False while its message has no name by which it can be changed."""
        announced = seen.open
        if announced is None or announced.status is DeliveryStatus.DEAD:
            return True
        if announced.network_id is None:
            return False
        holder = None
        if ticket.assignee_id is not None:
            holder = (await agents.get_agent(session, ticket.assignee_id)).name
        say = partial(self._runtime.texts.say, self._runtime.settings.language)
        message = taken_notice(announced, seen, holder=holder, say=say)
        await self._enqueue(session, message, ticket)
        return True

    async def _announce(
        self, session: AsyncSession, ticket: Ticket, seen: Shown, *, chat: str
    ) -> None:
        message = claim_notice(
            ticket.id,
            kind=ticket.kind,
            subject=ticket.subject,
            chat=chat,
            key=seen.next_key,
            texts=self._runtime.texts,
            language=self._runtime.settings.language,
        )
        await self._enqueue(session, message, ticket)

    async def _enqueue(self, session: AsyncSession, message: Outgoing, ticket: Ticket) -> None:
        await enqueue(
            session,
            message,
            channel=NAME,
            order_key=f"{NAME}:{message.address}",
            kind=KIND,
            now=self._runtime.now(),
            ticket_id=ticket.id,
        )


def _wanted(ticket: Ticket, groups: Groups) -> str | None:
    """The group that should offer the ticket."""
    return groups.get(ticket.team_id or 0) if ticket.status is Status.QUEUED else None


async def _shown(session: AsyncSession, ticket_id: int) -> Shown:
    notices = await deliveries_of_ticket(session, ticket_id, channel=NAME, kind=KIND)
    return shown(ticket_id, notices)
