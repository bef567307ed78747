"""Plays stories through the real actions, each at its own moment of the past.

What a ticket may do and what follows from it is decided where it always is; nothing is written
past the rules, so the history obeys every one of them.
"""

import heapq
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contact_center.callbacks import actions as callbacks
from contact_center.callbacks import queries as callback_queries
from contact_center.demo import buyers, handling, queries
from contact_center.demo.cases import Case, Props
from contact_center.demo.plots import Beat, Do
from contact_center.sla.models import ClockState
from contact_center.sla.queries import clocks_of
from contact_center.tickets import actions as tickets

_NOTICED = timedelta(seconds=12)  # after which the timetable sees that a promise has broken


@dataclass(kw_only=True)
class Performance(Props):
    _queue: list[tuple[datetime, int, Case, Beat]] = field(default_factory=list)
    _pushed: int = 0
    _sent_until: datetime | None = None

    def add(self, case: Case) -> None:
        for beat in case.beats:
            self._push(case.start + beat.after, case, beat)

    async def run(self, *, until: datetime) -> None:
        """Everything up to a moment, in the order of time; what is later is left out."""
        while self._queue and self._queue[0][0] <= until:
            at, _, case, beat = heapq.heappop(self._queue)
            await self._send_what_waits(at)
            if not case.ticket_id and beat.do is not Do.SAY:
                continue
            await self._check_promises(case, at)
            await _DOES[beat.do](self, case, beat, at)
            if case.ticket_id:
                await self._watch_promises(case)
        await self.session.flush()
        await queries.send_all(self.session)

    def _push(self, at: datetime, case: Case, beat: Beat) -> None:
        self._pushed += 1  # equal moments stay in their order
        heapq.heappush(self._queue, (at, self._pushed, case, beat))

    async def _send_what_waits(self, now: datetime) -> None:
        """Twice a day is enough: the callbacks look at it only days later."""
        if self._sent_until is None or now - self._sent_until > timedelta(hours=12):
            self._sent_until = now
            await self.session.flush()
            await queries.send_all(self.session)

    async def _check_promises(self, case: Case, now: datetime) -> None:
        if any(due < now for due in case.watched):
            case.watched = {due for due in case.watched if due >= now}
            await tickets.note_breaches(self.session, case.ticket_id, now=now)

    async def _watch_promises(self, case: Case) -> None:
        """Look at the clocks of a ticket when they run out."""
        await self.session.flush()
        clocks = (await clocks_of(self.session, case.ticket_id)).values()
        running = {c.due_at for c in clocks if c.state is ClockState.RUNNING and c.due_at}
        for due in running - case.watched:
            case.watched.add(due)
            self._push(due + _NOTICED, case, Beat(timedelta(), Do.CHECK))


# The timetable


async def _plan(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    settings = show.intake.settings.callbacks
    await callbacks.plan(show.session, case.ticket_id, settings=settings, now=now)


async def _call(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    callback = await callback_queries.latest_callback(show.session, case.ticket_id)
    if callback is not None:
        await callbacks.run_due(
            show.session,
            callback.id,
            settings=show.intake.settings.callbacks,
            texts=show.intake.texts,
            now=now,
        )


async def _check(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    """Promises are checked before everything anyway."""


_DOES: Mapping[Do, Callable[[Props, Case, Beat, datetime], Awaitable[None]]] = {
    Do.SAY: buyers.say,
    Do.FORM: buyers.form,
    Do.CLAIM: handling.claim,
    Do.SORT: handling.sort,
    Do.REPLY: handling.reply,
    Do.NOTE: handling.note,
    Do.TRANSFER: handling.transfer,
    Do.WAIT: handling.wait,
    Do.RESOLVE: handling.resolve,
    Do.PLAN: _plan,
    Do.CALL: _call,
    Do.ANSWER: buyers.answer,
    Do.CANCEL: handling.cancel,
    Do.CLOSE: handling.close,
    Do.MERGE: handling.merge,
    Do.SPLIT: handling.split,
    Do.CHECK: _check,
}
