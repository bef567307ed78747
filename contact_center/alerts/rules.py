"""How an alert is worded."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from contact_center.events.rules import reference
from contact_center.texts import FALLBACK, Texts

# Facts whose numbers are agents; they are told by name.
PEOPLE = frozenset({"by", "agent", "sender", "receiver", "owner", "assignee", "deputy"})


def people_in(facts: Mapping[str, Any]) -> set[int]:
    return {value for name, value in facts.items() if name in PEOPLE and isinstance(value, int)}


def word(
    kind: str,
    facts: Mapping[str, Any],
    *,
    ticket_id: int | None,
    names: Mapping[int, str],
    texts: Texts,
    language: str,
    zone: ZoneInfo,
) -> str:
    """One or two sentences; a kind nobody has found words for is told by its name."""
    keys = texts.keys(FALLBACK)
    values: dict[str, str] = defaultdict(lambda: "–")
    values["reference"] = reference(ticket_id) if ticket_id else "–"
    values["kind"] = kind
    for name, fact in facts.items():
        if fact is not None:
            values[name] = _told(name, fact, names, texts, language, zone, keys)
    key = f"alert.{kind}"
    phrase = texts.phrase(language, key if key in keys else "alert.other")
    return phrase.strip().format_map(values)


def _told(
    name: str,
    fact: Any,
    names: Mapping[int, str],
    texts: Texts,
    language: str,
    zone: ZoneInfo,
    keys: Collection[str],
) -> str:
    if name in PEOPLE and isinstance(fact, int):
        return names.get(fact, f"#{fact}")
    if name.endswith("_at") and isinstance(fact, str):
        return f"{datetime.fromisoformat(fact).astimezone(zone):%Y-%m-%d %H:%M %Z}"
    code = f"alert_word.{fact}"
    return texts.say(language, code) if code in keys else str(fact)
