"""Who is to get a ticket. The same facts always give the same answer, and the reasons with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contact_center.routing.models import Candidate, RoutedBy
from contact_center.switchboard import Matching

Reason = dict[str, Any]  # {"code": …} and ids; `why.<code>` in the texts says it in words

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Somebody the ticket goes to before any team: the customer knows them."""

    agent_id: int
    rule: RoutedBy
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a ticket."""

    team_id: int | None = None
    pushes: bool = False  # the team's tickets are offered, not taken
    opens_at: datetime | None = None  # the team is closed until then
    language: str = ""
    skills: frozenset[str] = frozenset()  # that it asks for
    named: Sequence[Named] = ()  # the first who can take it gets it
    barred: frozenset[int] = frozenset()  # must not have it: the complaint is about them
    passed: frozenset[int] = frozenset()  # were offered it already
    matching: Matching = field(default_factory=Matching)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    rule: RoutedBy
    agent_id: int | None
    reasons: Sequence[Reason]


def decide(facts: Facts, candidates: Mapping[int, Candidate]) -> Decision:
    """First who is known to the customer, then the team's pool, then its queue."""
    reasons: list[Reason] = []
    for named in facts.named:
        reason = {"code": named.rule.value, "agent": named.agent_id, **named.facts}
        obstacle = _obstacle(candidates.get(named.agent_id), facts)
        if obstacle is None:
            return Decision(rule=named.rule, agent_id=named.agent_id, reasons=[*reasons, reason])
        reasons.append(reason | {"not": obstacle})
    if facts.team_id is None:
        return _queue(RoutedBy.OPEN_QUEUE, reasons, {"code": "no_team"})
    if not facts.pushes:
        return _queue(RoutedBy.QUEUE, reasons, {"code": "pull", "team": facts.team_id})
    if facts.opens_at is not None:
        closed = {"code": "closed", "team": facts.team_id, "until": facts.opens_at.isoformat()}
        return _queue(RoutedBy.QUEUE, reasons, closed)
    return _from_pool(facts, candidates.values(), reasons)


def _from_pool(
    facts: Facts, candidates: Iterable[Candidate], reasons: Sequence[Reason]
) -> Decision:
    team = facts.team_id
    free = [one for one in candidates if team in one.teams and _obstacle(one, facts) is None]
    fit = [one for one in free if _fits(one, facts)]
    if not fit:
        code = "nobody_fits" if free else "nobody_free"
        return _queue(RoutedBy.QUEUE, reasons, {"code": code, "team": team, **_wanted(facts)})
    best = min(fit, key=lambda one: _rank(one, facts))
    chosen = {
        "code": "pool",
        "agent": best.id,
        "team": team,
        "free": len(fit),
        "load": best.load,
        "capacity": best.capacity,
    }
    matched = [{"code": name, "agent": best.id, name: value} for name, value in _met(best, facts)]
    return Decision(rule=RoutedBy.POOL, agent_id=best.id, reasons=[*reasons, chosen, *matched])


def _obstacle(one: Candidate | None, facts: Facts) -> str | None:
    """Why somebody cannot be offered it at all."""
    if one is None or not one.active:
        return "gone"
    if one.id in facts.barred:
        return "barred"
    if one.id in facts.passed:
        return "passed"
    if one.absent:
        return "absent"
    if not one.online:
        return "offline"
    return "full" if one.load >= one.capacity else None


def _fits(one: Candidate, facts: Facts) -> bool:
    speaks = facts.matching.language == "prefer" or _speaks(one, facts)
    return speaks and (facts.matching.skills == "prefer" or facts.skills <= one.skills)


def _speaks(one: Candidate, facts: Facts) -> bool:
    return not facts.language or facts.language in one.languages


def _rank(one: Candidate, facts: Facts) -> tuple[Any, ...]:
    """Skill, language, load, then fairness: who has waited longest."""
    missing = len(facts.skills - one.skills) if facts.skills else 0
    busy = one.load / one.capacity
    return (missing, not _speaks(one, facts), busy, one.last_at or _NEVER, one.id)


def _met(one: Candidate, facts: Facts) -> Iterable[tuple[str, Any]]:
    if facts.skills & one.skills:
        yield "skills", sorted(facts.skills & one.skills)
    if facts.language and _speaks(one, facts):
        yield "language", facts.language


def _wanted(facts: Facts) -> dict[str, Any]:
    wanted: dict[str, Any] = {"skills": sorted(facts.skills)} if facts.skills else {}
    if facts.matching.language == "require" and facts.language:
        wanted["language"] = facts.language
    return wanted


def _queue(rule: RoutedBy, reasons: Sequence[Reason], why: Reason) -> Decision:
    return Decision(rule=rule, agent_id=None, reasons=[*reasons, why])
