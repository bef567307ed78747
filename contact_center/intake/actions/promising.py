"""The clocks of a batch: those of tickets that need a human now, and those that go on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.queries import all_teams
from contact_center.calendars.week import Calendar
from contact_center.customers.queries import tiers_of
from contact_center.intake.models import Draft, Line
from contact_center.policies.choosing import Policies
from contact_center.policies.terms import NO_TIER, Facts, Policy
from contact_center.routing.actions.deciding import Choice
from contact_center.sla import queries
from contact_center.sla.actions import versions
from contact_center.sla.actions.rows import (
    Changes,
    bring_up_to_date,
    calendars_for,
    clock_row,
    next_due,
    run_of,
    write,
)
from contact_center.sla.models import FROM_THE_START, ClockKind
from contact_center.sla.rules import engine
from contact_center.sla.rules.engine import Run, Terms
from contact_center.sla.rules.history import change
from contact_center.sla.rules.selection import promises, within
from contact_center.switchboard import Switchboard

NEXT = (ClockKind.NEXT_RESPONSE,)


class Begun(NamedTuple):
    """Clocks that begin with this batch; `line`: of the message they are about."""

    draft: Draft
    runs: Sequence[Run]
    line: Line | None = None


async def promise(
    session: AsyncSession,
    drafts: Sequence[Draft],
    *,
    choices: Sequence[Choice],
    policies: Policies,
    switchboard: Switchboard,
    now: datetime,
) -> list[Begun]:
    """Sets when the tickets are due next, and has their events tell of the clocks."""
    await _go_on(session, [draft for draft in drafts if draft.was_waiting], now=now)
    return [
        *_begin(choices, policies, switchboard, now=now),
        *await _expect_answers(session, drafts, policies, now=now),
    ]


async def write_clocks(session: AsyncSession, begun: Sequence[Begun]) -> None:
    rows: list[dict[str, Any]] = []
    made: dict[int, list[dict[str, Any]]] = {}  # whatever begins together is the same but for ids
    for draft, runs, line in begun:
        ref_id = line.id if line is not None else 0
        if id(runs) not in made:
            made[id(runs)] = [clock_row(0, run) for run in runs]
        ids = {"ticket_id": draft.id, "ref_id": ref_id}
        rows += [{**row, **ids} for row in made[id(runs)]]
        if line is not None:  # it has its number only now
            said = [change("started", None, run) | {"ref": ref_id} for run in runs]
            draft.tell_clocks(said, "message.received")
    if rows:
        await queries.insert_clocks(session, rows)


def _begin(
    choices: Sequence[Choice], policies: Policies, switchboard: Switchboard, *, now: datetime
) -> list[Begun]:
    """Whatever begins in one batch begins at one moment: each policy is reckoned once."""
    begun: list[Begun] = []
    known: dict[tuple[int, str], tuple[list[Run], list[dict[str, Any]]]] = {}
    for choice in choices:
        draft = cast("Draft", choice.ticket)
        team = choice.team and choice.team.name
        policy = policies.choose(_facts(draft, choice.tier, team))
        closed = switchboard.closed_by(team, now=now)
        key = (id(policy), closed.name if closed else "")
        if key not in known:
            runs = _start(_agreed(policy, closed), now=now)
            known[key] = (runs, [change("started", None, run) for run in runs])
        runs, said = known[key]
        draft.policy_version = policy.version
        draft.answer_due_at = runs[0].due_at if runs else None  # the first answer comes first
        draft.next_due_at = _earliest(draft, runs)
        draft.tell_clocks(said, "ticket.opened", "ticket.queued")
        begun.append(Begun(draft, runs))
    return begun


def _agreed(policy: Policy, closed: Calendar | None) -> dict[ClockKind, Terms]:
    """To whom nobody is there, the first answer comes when they have opened again."""
    agreed = promises(policy, FROM_THE_START)
    first = agreed.get(ClockKind.FIRST_RESPONSE)
    if closed is not None and first is not None:
        agreed[ClockKind.FIRST_RESPONSE] = within(first, closed)
    return agreed


def _start(agreed: Mapping[ClockKind, Terms], *, now: datetime) -> list[Run]:
    return [engine.start(terms, kind=kind, at=now) for kind, terms in agreed.items()]


async def _expect_answers(
    session: AsyncSession, drafts: Sequence[Draft], policies: Policies, *, now: datetime
) -> list[Begun]:
    """Customers who have been answered, and ask again: their oldest question counts."""
    asking = [draft for draft in drafts if draft.asks_again is not None]
    if not asking:
        return []
    teams = {team.id: team.name for team in await all_teams(session)}
    tiers = await tiers_of(session, {draft.customer_id for draft in asking})
    begun = []
    for draft in asking:
        old = draft.policy_version
        by = policies if old == policies.version else await versions.policies_of(session, old)
        facts = _facts(draft, tiers.get(draft.customer_id), teams.get(draft.team_id or 0))
        runs = _start(promises((by or policies).choose(facts), NEXT), now=now)
        if runs:
            draft.next_due_at, draft.has_moved = _earliest(draft, runs), True
            begun.append(Begun(draft, runs, draft.asks_again))
    return begun


async def _go_on(session: AsyncSession, waiting: Sequence[Draft], *, now: datetime) -> None:
    """The customer has written: what paused until then runs again."""
    if not waiting:
        return
    clocks = await queries.clocks_of_many(session, [draft.id for draft in waiting])
    names = {clock.calendar for some in clocks.values() for clock in some}
    calendars = await calendars_for(session, names)
    for draft in waiting:
        some = clocks.get(draft.id, [])
        said: Changes = []
        for clock in some:
            said += bring_up_to_date(clock, calendars)
            run = run_of(clock)
            again = engine.resume(run, at=now, hours=calendars.of(run)) if run.is_ticking else run
            said += write(clock, again, "resumed")
        draft.next_due_at = next_due(some)
        draft.tell_clocks(said, "ticket.resumed")


def _earliest(draft: Draft, runs: Sequence[Run]) -> datetime | None:
    dues = [draft.next_due_at, *(run.due_at for run in runs)]
    return min((due for due in dues if due is not None), default=None)


def _facts(draft: Draft, tier: str | None, team: str | None) -> Facts:
    return Facts(
        kind=draft.kind.value,
        tier=tier if tier != NO_TIER else None,
        priority=draft.priority.value,
        channel=draft.channel,
        category=draft.category,
        team=team,
    )
