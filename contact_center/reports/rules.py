"""How figures are made of facts. Every definition stands here once.

Opened: tickets that came in. Resolved, reopened: tickets to which that happened, however often.
Open: tickets on which somebody here has something to do. First response: from when a person was
needed to the first answer a person gave. Resolution: from the first message to the resolution,
without the time a ticket lay resolved before it was reopened.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contact_center.callbacks.models import CallbackState
from contact_center.callbacks.rules import LOW
from contact_center.reports.models import (
    Age,
    Call,
    Deadlines,
    Excused,
    Facts,
    Fate,
    Figures,
    Period,
    Promises,
    Resolution,
    Satisfaction,
    Spread,
    Team,
    Turn,
)
from contact_center.sla.models import ClockKind

FEWEST_ANSWERS = 5  # below that a share says more about chance than about us
SATISFIED = 4  # a score from this on


# Days

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def days(first: date, last: date, *, time_zone: str) -> Period:
    """Whole days as people there live them, 23 or 25 hours long where clocks change."""
    zone = ZoneInfo(time_zone)
    start = instant(first, zone=zone)
    end = instant(last, zone=zone, plus_days=1)
    return Period(first=first, last=last, time_zone=time_zone, start=start, end=end)


def instant(day: date, *, zone: ZoneInfo, at: time = time(), plus_days: int = 0) -> datetime:
    """The moment of a local time: the first of two; where clocks skip it, when they skip."""
    try:
        local = datetime.combine(day + timedelta(days=plus_days), at, tzinfo=zone)
        found = local.astimezone(UTC)
        if found.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
            return found
        return _transition(local.replace(fold=1).astimezone(UTC), found, zone=zone)
    except OverflowError:
        return _FIRST if day.year == 1 else _LAST


def _transition(before: datetime, after: datetime, *, zone: ZoneInfo) -> datetime:
    """The second at which the zone's offset changes."""
    new = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == new:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


# Times


def seconds_to_resolve(resolution: Resolution, turns: Iterable[Turn]) -> float:
    """`turns` are those of the ticket, oldest first; only earlier ones matter."""
    lay, since = timedelta(), None
    for turn in turns:
        if turn.at > resolution.at:
            break
        if turn.resolved:
            since = since or turn.at
        elif since is not None:
            lay += turn.at - since
            since = None
    return max((resolution.at - resolution.created_at - lay).total_seconds(), 0.0)


def rank(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of the values does not exceed."""
    if not ordered:
        return None
    place = -(-len(ordered) * round(share * 100) // 100)  # rounded up, without floating point
    return ordered[max(place, 1) - 1]


def spread(seconds: Iterable[float]) -> Spread:
    ordered = sorted(seconds)
    return Spread(tickets=len(ordered), median=rank(ordered, 0.5), p90=rank(ordered, 0.9))


# Shares


def promises(*, kept: int, broken: int) -> Promises:
    return Promises(kept=kept, broken=broken, compliance=_share(kept, kept + broken))


def satisfaction(calls: Sequence[Call]) -> Satisfaction:
    scores = [call.score for call in calls if call.score is not None]
    good = sum(score >= SATISFIED for score in scores)
    states = Counter(call.state for call in calls)
    return Satisfaction(
        answers=len(scores),
        satisfied=_share(good, len(scores)) if len(scores) >= FEWEST_ANSWERS else None,
        mean=sum(scores) / len(scores) if scores else None,
        low=sum(score <= LOW for score in scores),
        not_solved=sum(call.solved is False for call in calls),
        silent=states[CallbackState.EXPIRED],
        unreachable=states[CallbackState.UNREACHABLE],
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


# All together


def figures(facts: Facts, *, teams: Collection[Team] | None = None) -> Figures:
    """Of some teams, or of everything."""

    def ours(team: Team) -> bool:
        return _is_in(team, teams)

    resolutions = [
        seconds_to_resolve(resolution, facts.turns.get(resolution.ticket_id, ()))
        for resolution in facts.resolutions
        if ours(resolution.team)
    ]
    ages = {
        age: sum(numbers.get(age, 0) for team, numbers in facts.ages.items() if ours(team))
        for age in Age
    }
    deadlines = {kind: _deadlines(facts, kind, teams=teams) for kind in ClockKind}
    return Figures(
        opened=sum(number for team, number in facts.opened.items() if ours(team)),
        resolved=len(resolutions),
        reopened=sum(number for team, number in facts.reopened.items() if ours(team)),
        open=sum(ages.values()),
        ages=ages,
        first_response=deadlines[ClockKind.FIRST_RESPONSE].took,
        resolution=spread(resolutions),
        first_response_promises=deadlines[ClockKind.FIRST_RESPONSE],
        resolution_promises=deadlines[ClockKind.RESOLUTION],
        promises=deadlines,
        no_reply_needed=_excused(facts, teams=teams),
        satisfaction=satisfaction([call for call in facts.calls if ours(call.team)]),
    )


def _deadlines(facts: Facts, kind: ClockKind, *, teams: Collection[Team] | None) -> Deadlines:
    numbers = dict.fromkeys(Fate, 0)
    for (team, which, fate), number in facts.promises.numbers.items():
        if which is kind and _is_in(team, teams):
            numbers[fate] += number
    firsts = facts.promises.kept_first.items()
    return Deadlines(
        kept=numbers[Fate.KEPT],
        broken=numbers[Fate.BROKEN],
        compliance=_share(numbers[Fate.KEPT], numbers[Fate.KEPT] + numbers[Fate.BROKEN]),
        kept_first=sum(n for (team, which), n in firsts if which is kind and _is_in(team, teams)),
        pending=numbers[Fate.PENDING],
        excluded=numbers[Fate.EXCLUDED],
        took=spread(_times(facts, kind, teams=teams)),
    )


def _excused(facts: Facts, *, teams: Collection[Team] | None) -> Excused:
    number = sum(n for team, n in facts.excused.items() if _is_in(team, teams))
    answered = len(_times(facts, ClockKind.NEXT_RESPONSE, teams=teams))
    return Excused(messages=number, share=_share(number, number + answered))


def _times(facts: Facts, kind: ClockKind, *, teams: Collection[Team] | None) -> list[float]:
    return [
        seconds
        for (team, which), times in facts.times.items()
        if which is kind and _is_in(team, teams)
        for seconds in times
    ]


def _is_in(team: Team, teams: Collection[Team] | None) -> bool:
    return teams is None or team in teams


def teams_in(facts: Facts) -> set[Team]:
    """Teams that something is to be said about."""
    return {
        *facts.opened,
        *facts.reopened,
        *facts.ages,
        *(resolution.team for resolution in facts.resolutions),
        *facts.excused,
        *(team for team, _ in facts.times),
        *(team for team, _, _ in facts.promises.numbers),
        *(team for team, _ in facts.promises.kept_first),
        *(call.team for call in facts.calls),
    }
