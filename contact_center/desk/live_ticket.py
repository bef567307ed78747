"""A ticket's page that stays current, and who else looks at it.

Viewers are known to nobody but the pages themselves: each says now and then that it is open, as a
topic on the bus, and answers whoever it has not heard of yet.
"""

from dataclasses import dataclass, field

from aiohttp import web

from contact_center.agents.queries import all_agents
from contact_center.desk.render import draw, reader_of
from contact_center.desk.shell import count_all
from contact_center.desk.story import Said, Story, said, story_of
from contact_center.desk.streams import (
    HEARTBEAT,
    STREAMS,
    Pipe,
    Position,
    beats,
    pipe_to,
    resume_at,
)
from contact_center.desk.ticket import news_values
from contact_center.messages.queries import latest_messages
from contact_center.tickets.queries import hidden_among
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

IMPATIENT = 2.0  # seconds between looks while a message is on its way
VIEWING_FOR, TYPING_FOR = 2.5 * HEARTBEAT, 6.0  # seconds
RECENT = 30  # messages whose delivery is watched
_MOVED = {"ticket.merged", "ticket.absorbed", "ticket.split"}


@routes.get("/live/tickets/{ticket_id}", permission=Permission.TICKETS_READ, transaction=False)
async def follow_ticket(
    call: Call, ticket_id: Id, after: Position = 0, seen: Position = 0
) -> web.StreamResponse:
    """`after` is the last message the page knows, `seen` the number of its last event."""
    window = Window(call, ticket_id, last=after, seen=seen)
    window.resume(resume_at(call))
    async with call.runtime.db.read() as session:
        people = {agent.id: agent.name for agent in await all_agents(session, active_only=True)}
    company = Company(ticket_id, me=call.agent.id, people=people)
    topics = [f"ticket:{ticket_id}", "events", *company.topics]
    try:
        with call.request.app[STREAMS].listen(call, topics) as subscription:
            async with pipe_to(call) as pipe:
                async for hints in beats(call, subscription, every=IMPATIENT):
                    await window.tell_news(pipe, hints)
                    await company.tell(call, pipe, hints)
    finally:
        call.runtime.bus.publish([company.topic("left", call.agent.id)])
    return pipe.response


@dataclass(slots=True)
class Window:
    """What one open page knows of its ticket."""

    call: Call
    ticket_id: int
    last: int  # message
    seen: int  # event
    fates: dict[int, str] = field(default_factory=dict)  # of messages on their way
    counts: dict[str, str] = field(default_factory=dict)
    looked_at: float = -HEARTBEAT

    def resume(self, marks: list[int]) -> None:
        if len(marks) == 2:
            self.seen, self.last = marks

    async def tell_news(self, pipe: Pipe, hints: set[str]) -> None:
        now = self.call.runtime.now().timestamp()
        is_time = now - self.looked_at >= HEARTBEAT
        if is_time:
            await pipe.stay_open()
        if is_time or "events" in hints:
            await self._tell_counts(pipe)
        if is_time or f"ticket:{self.ticket_id}" in hints or "sending" in self.fates.values():
            self.looked_at = now
            await self._look(pipe)

    async def _look(self, pipe: Pipe) -> None:
        async with self.call.runtime.db.read() as session:
            me, now = self.call.agent.id, self.call.runtime.now()
            if await hidden_among(session, [self.ticket_id], reader=me):  # since it was opened
                await pipe.tell("reload", {})
                return
            story = await story_of(session, self.ticket_id, reader=me, now=now)
            found = await latest_messages(session, self.ticket_id, limit=RECENT)
            lines = [line for line in await said(session, found, story) if self._is_news(line)]
        await self._tell_story(pipe, story, lines)

    async def _tell_story(self, pipe: Pipe, story: Story, lines: list[Said]) -> None:
        fresh = [event for event in story.events if (event.seq or 0) > self.seen]
        if any(event.kind in _MOVED for event in fresh):
            await pipe.tell("reload", {})
        if fresh or lines:
            self.seen = max(self.seen, story.ticket.event_count)
            values = {**news_values(self.call, story), "lines": lines}
            reader = reader_of(self.call, now=self.call.runtime.now())
            html = draw("ticket_news.html", reader, values)
            await pipe.show(html, mark=f"{self.seen}.{self.last}")

    async def _tell_counts(self, pipe: Pipe) -> None:
        async with self.call.runtime.db.read() as session:
            counts = await count_all(self.call, session)
        if counts != self.counts:
            self.counts = counts
            await pipe.tell("counts", counts)

    def _is_news(self, line: Said) -> bool:
        """A message the page does not have, or one whose delivery went on."""
        number = line.message.id
        known, self.fates[number] = self.fates.get(number), line.state
        if number > self.last:
            self.last = number
            return True
        return known is not None and known != line.state


@dataclass(slots=True)
class Company:
    """Colleagues who look at the same ticket."""

    ticket_id: int
    me: int
    people: dict[int, str]
    viewing: dict[int, float] = field(default_factory=dict)  # agent → until, in seconds
    typing: dict[int, float] = field(default_factory=dict)
    told: list[list[str]] = field(default_factory=list)
    announced_at: float = -HEARTBEAT

    @property
    def topics(self) -> list[str]:
        kinds = ("viewing", "typing", "left")
        return [self.topic(k, n) for n in self.people if n != self.me for k in kinds]

    def topic(self, kind: str, agent_id: int) -> str:
        return f"desk-{kind}:{self.ticket_id}:{agent_id}"

    async def tell(self, call: Call, pipe: Pipe, hints: set[str]) -> None:
        now = call.runtime.now().timestamp()
        has_newcomer = self._note(hints, now)
        if has_newcomer or now - self.announced_at >= HEARTBEAT:
            self.announced_at = now
            call.runtime.bus.publish([self.topic("viewing", self.me)])
        names = [self._names(self.viewing, now), self._names(self.typing, now)]
        if names != self.told and (self.told or any(names)):
            await pipe.tell("company", {"viewing": names[0], "typing": names[1]})
        self.told = names

    def _note(self, hints: set[str], now: float) -> bool:
        """Whether somebody has come who does not know of us."""
        has_newcomer = False
        for hint in hints:
            kind, _, rest = hint.partition(":")
            if not kind.startswith("desk-"):
                continue
            number = int(rest.rpartition(":")[2])
            if kind == "desk-left":
                self.viewing.pop(number, None)
                self.typing.pop(number, None)
                continue
            has_newcomer |= self.viewing.get(number, 0) < now
            self.viewing[number] = now + VIEWING_FOR
            if kind == "desk-typing":
                self.typing[number] = now + TYPING_FOR
        return has_newcomer

    def _names(self, until: dict[int, float], now: float) -> list[str]:
        return [self.people[number] for number, end in sorted(until.items()) if end > now]
