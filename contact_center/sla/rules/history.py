"""Clocks in the log: what an event says of them, and clocks made of nothing but events."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Protocol

from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.rules.engine import Run
from contact_center.sla.rules.terms import Span

CLOCKS = "clocks"  # of an event's data: the changes it made, in their order
Key = tuple[ClockKind, int, int]  # which of a ticket's clocks: kind, ref_id, attempt

NAMES = tuple(field.name for field in fields(Run))
_MOMENTS = frozenset(name for name in NAMES if name.endswith(("_at", "_since")))
_DEFAULTS = {
    "state": ClockState.RUNNING,
    "consumed": 0,
    "provisional": False,
    "policy": "",
    "policy_version": "",
}

_SAME = {"running_since": "started_at", "legal_due_at": "due_at"}


class Said(Protocol):
    """An event, as far as clocks are concerned."""

    data: Any
    at: Any


def change(verb: str, before: Run | None, after: Run) -> dict[str, Any]:
    """What an event says: every field that is another now."""
    facts: dict[str, Any] = {"clock": after.kind.value, "ref": after.ref_id, "change": verb}
    if after.attempt:
        facts["attempt"] = after.attempt
    for name in NAMES[3:]:
        value = getattr(after, name)
        was = _usual(name, after) if before is None else getattr(before, name)
        if value != was:
            facts[name] = value.isoformat() if name in _MOMENTS and value else value
    return facts


def breach_facts(broken: Mapping[str, Any]) -> dict[str, Any]:
    """What the log says of one clock's change to broken."""
    return {"clock": broken["clock"], "due_at": broken["breached_at"], "clocks": [broken]}


def started(run: Run) -> list[dict[str, Any]]:
    """Of a new clock; one that begins late has begun before it broke."""
    if run.state is not ClockState.BREACHED:
        return [change("started", None, run)]
    begun = replace(
        run,
        state=ClockState.RUNNING,
        breached_at=None,
        breach_cause=None,
        met_first=None,
        met_final=None,
    )
    return [change("started", None, begun), change("breached", begun, run)]


def _usual(name: str, run: Run) -> Any:
    """Of a new clock; it is not said. Each new ticket has some of them."""
    if name in _SAME:
        return getattr(run, _SAME[name])
    return _DEFAULTS.get(name)


def rebuild(events: Iterable[Said]) -> dict[Key, Run]:
    """The clocks of a ticket after its events, oldest first."""
    clocks: dict[Key, Run] = {}
    for event in events:
        for facts in event.data.get(CLOCKS, ()):
            key = _key(facts)
            clocks[key] = _apply(clocks.get(key), key, facts)
    return clocks


def ran(events: Iterable[Said], key: Key) -> list[Span]:
    """When a clock was running, up to where it runs now or stopped last."""
    spans: list[Span] = []
    since: datetime | None = None
    run: Run | None = None
    for event in events:
        for facts in event.data.get(CLOCKS, ()):
            if _key(facts) != key:
                continue
            before, run = run, _apply(run, key, facts)
            if before is not None and before.running_since == run.running_since:
                continue
            if since is not None:  # a calendar's edit is noticed later than it counts
                spans.append((since, min(run.running_since or event.at, event.at)))
            since = run.running_since
    return spans


def pauses(events: Iterable[Said], key: Key) -> list[Span]:
    """When a clock stood still, up to when it ran again; what still does is not among them."""
    return [(since, until) for since, until in stood(events, key) if until is not None]


def stood(events: Iterable[Said], key: Key) -> list[tuple[datetime, datetime | None]]:
    """When a clock stood still; the last time is not over where it still does."""
    spans: list[tuple[datetime, datetime | None]] = []
    since: datetime | None = None
    for event in events:
        for facts in event.data.get(CLOCKS, ()):
            if _key(facts) != key or "running_since" not in facts:
                continue
            again = _read("running_since", facts["running_since"])
            if again is None:
                since = event.at
            elif since is not None and since < again:
                spans.append((since, again))
                since = None
    return spans if since is None else [*spans, (since, None)]


def _apply(run: Run | None, key: Key, facts: Mapping[str, Any]) -> Run:
    values = {name: _read(name, facts[name]) for name in NAMES[3:] if name in facts}
    if run is not None:
        return replace(run, **values)
    kind, ref_id, attempt = key
    missing = dict.fromkeys(NAMES) | {name: values.get(as_) for name, as_ in _SAME.items()}
    known = {"kind": kind, "ref_id": ref_id, "attempt": attempt}
    return Run(**{**missing, **_DEFAULTS, **values, **known})


def _key(facts: Mapping[str, Any]) -> Key:
    return ClockKind(facts["clock"]), facts["ref"], facts.get("attempt", 0)


def _read(name: str, value: Any) -> Any:
    if name in _MOMENTS and value is not None:
        return datetime.fromisoformat(value)
    return ClockState(value) if name == "state" else value
