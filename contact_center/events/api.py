"""How the log is shown to other systems, and read as it grows.

`tickets` has the routes: who may see which event depends on its ticket.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.events import queries
from contact_center.events.models import Event
from contact_center.runtime import Runtime

LOOK_EVERY = 5.0  # seconds, where no hint comes
LONGEST_TRANSACTION = timedelta(seconds=10)


Keep = Callable[[AsyncSession, Sequence[Event]], Awaitable[Sequence[Event]]]


class EventView(BaseModel):
    id: int
    seq: int | None = Field(description="within its ticket, from 1 and without gaps")
    ticket_id: int | None
    kind: str = Field(examples=["ticket.claimed"])
    actor: str = Field(examples=["agent:7", "customer:3", "token:2", "bot", "system"])
    data: dict[str, Any] = Field(description="identifiers and codes, no texts")
    at: datetime


def show_event(event: Event) -> EventView:
    return EventView.model_validate(event, from_attributes=True)


@dataclass
class Reader:
    """Reads the log as it grows, and misses nothing.

    Ids are given out before transactions commit, so a lower one may appear after a higher one:
    each look also goes back over what is younger than any transaction lasts.
    """

    runtime: Runtime
    after: int | None
    keep: Keep | None = None  # what of it is told
    last: int = 0
    _seen: set[int] = field(default_factory=set)

    async def events(self) -> AsyncIterator[Event]:
        with self.runtime.bus.subscribe("events") as subscription:
            while True:
                while found := await self._look():
                    told = await self._kept(found)
                    for event in found:
                        self.last = max(self.last, event.id)
                        if event.id in told:
                            yield event
                await subscription.wait(LOOK_EVERY)

    async def _kept(self, found: Sequence[Event]) -> set[int]:
        if self.keep is None:
            return {event.id for event in found}
        async with self.runtime.db.read() as session:
            return {event.id for event in await self.keep(session, found)}

    async def begin(self) -> int:
        """Choose where to read from, before `events`. Returns the last event passed over."""
        if self.after is not None:
            self.last = self.after
            return self.last
        async with self.runtime.db.read() as session:
            self.last = await queries.last_event_id(session)
            self._seen = await queries.young_event_ids(
                session, up_to=self.last, within=LONGEST_TRANSACTION
            )
        return self.last

    async def _look(self) -> Sequence[Event]:
        """What has come to light since the last look, oldest first."""
        async with self.runtime.db.read() as session:
            young = await queries.young_event_ids(
                session, up_to=self.last, within=LONGEST_TRANSACTION
            )
            late = await queries.events_by_id(session, young - self._seen)
            new = await queries.events_after(session, self.last)
        self._seen = young | {event.id for event in new}
        return [*late, *new]
