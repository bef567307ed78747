"""Events of the log in plain words."""

from collections.abc import Mapping
from typing import Any

from contact_center.desk.story import Story
from contact_center.desk.words import WORDS, name_of, say
from contact_center.events.models import Event
from contact_center.texts import FALLBACK
from contact_center.tickets.models import reference
from contact_center.work_orders.models import reference as order_reference

_KEYS = WORDS.keys(FALLBACK)
# Which section names the codes that an event carries.
_CODES = {
    "status": "status",
    "was": "status",
    "code": "code",
    "clock": "clock",
    "link": "link",
    "cause": "cause",
    "medium": "channel",
}
_REFERENCES = ("other", "into", "split_from", "follows")


def tell(language: str, event: Event, story: Story) -> str:
    """A kind nobody has found words for is told by its name."""
    key = f"event.{event.kind}"
    data = event.data
    for more in ("split_from", "follows", "team", "score", "assignee", "owner"):
        if data.get(more) and f"{key}_{more}" in _KEYS:
            key = f"{key}_{more}"
            break
    values = _values(language, event, story)
    return say(language, key, **values) if key in _KEYS else f"{values['actor']}: {event.kind}"


def _values(language: str, event: Event, story: Story) -> Mapping[str, Any]:
    data = event.data
    values: dict[str, Any] = {
        "actor": story.actor(event.actor) or name_of(language, "author", _kind(event.actor)),
        "reason": _reason(language, data.get("reason") or data.get("why")),
        "receiver": story.names.get(data.get("receiver") or 0, "–"),
        "old": story.names.get(data.get("old") or 0, "–"),
        "new": story.names.get(data.get("new") or 0, "–"),
        "about": story.names.get(data.get("about") or 0, "–"),
        "assignee": story.names.get(data.get("assignee") or 0, "–"),
        "owner": story.names.get(data.get("owner") or 0, "–"),
        "team": story.teams[data["team"]].name if data.get("team") in story.teams else "–",
        "changed": ", ".join(name_of(language, "field", n) for n in data.get("changed", ())),
        "rung": data.get("rung") or "–",
        "told": ", ".join(story.names.get(n, "–") for n in data.get("told", ())) or "–",
        "score": data.get("score") or "–",
        "work_order": order_reference(data["work_order"]) if "work_order" in data else "–",
    }
    for name, section in _CODES.items():
        values[name] = name_of(language, section, data[name]) if data.get(name) else "–"
    for name in _REFERENCES:
        values[name] = reference(data[name]) if isinstance(data.get(name), int) else "–"
    return values


def _reason(language: str, reason: Any) -> str:
    return name_of(language, "reason", reason) if reason else "–"


def _kind(actor: str) -> str:
    return actor.partition(":")[0]
