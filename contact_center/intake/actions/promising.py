"""The clocks of a batch: those of tickets that need a human now, and those that go on."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.intake.models import Draft
from contact_center.settings import Settings
from contact_center.sla import queries
from contact_center.sla.actions.rows import calendars_for, clock_row, next_due, run_of, write
from contact_center.sla.rules import engine
from contact_center.sla.rules.engine import Run
from contact_center.sla.rules.history import change
from contact_center.sla.rules.selection import promises
from contact_center.tickets.models import Priority


class Promise(NamedTuple):
    """A clock that begins with this batch; its ticket may not have a number yet."""

    draft: Draft
    run: Run


async def promise(
    session: AsyncSession, drafts: Sequence[Draft], *, settings: Settings, now: datetime
) -> list[Promise]:
    """Sets when the tickets are due next, and has their events tell of the clocks."""
    found = _begin([draft for draft in drafts if draft.was_queued], settings, now=now)
    await _go_on(session, [draft for draft in drafts if draft.was_waiting], now=now)
    return found


async def write_clocks(session: AsyncSession, promised: Sequence[Promise]) -> None:
    if promised:
        await queries.insert_clocks(session, [clock_row(draft.id, run) for draft, run in promised])


def _begin(queued: Sequence[Draft], settings: Settings, *, now: datetime) -> list[Promise]:
    """Whatever begins in one batch begins at one moment: each policy is reckoned once."""
    found: list[Promise] = []
    known: dict[Priority, tuple[list[Run], list[dict[str, object]]]] = {}
    for draft in queued:
        if draft.priority not in known:
            agreed = promises(settings.targets[draft.priority.value])
            runs = [engine.start(terms, kind=kind, at=now) for kind, terms in agreed.items()]
            known[draft.priority] = (runs, [change("started", None, run) for run in runs])
        runs, said = known[draft.priority]
        draft.next_due_at = min((run.due_at for run in runs if run.due_at), default=None)
        draft.tell_clocks(said, "ticket.opened", "ticket.queued")
        found += [Promise(draft, run) for run in runs]
    return found


async def _go_on(session: AsyncSession, waiting: Sequence[Draft], *, now: datetime) -> None:
    """The customer has written: what paused until then runs again."""
    if not waiting:
        return
    clocks = await queries.clocks_of_many(session, [draft.id for draft in waiting])
    names = {clock.calendar for some in clocks.values() for clock in some}
    calendars = await calendars_for(session, names)
    for draft in waiting:
        some = clocks.get(draft.id, [])
        said = []
        for clock in some:
            run = run_of(clock)
            again = engine.resume(run, at=now, hours=calendars.of(run)) if run.is_ticking else run
            said += write(clock, again, "resumed")
        draft.next_due_at = next_due(some)
        draft.tell_clocks(said, "ticket.resumed")
