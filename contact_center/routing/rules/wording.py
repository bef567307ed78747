"""Why a ticket was offered to somebody, in the reader's words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contact_center.texts import FALLBACK, Texts
from contact_center.tickets.models import reference


def people_in(reasons: Iterable[Mapping[str, Any]]) -> set[int]:
    """Whose names the reasons need."""
    named = (reason.get(role) for reason in reasons for role in ("agent", "for"))
    return {number for number in named if isinstance(number, int)}


def in_words(
    reasons: Sequence[Mapping[str, Any]],
    *,
    texts: Texts,
    language: str,
    agents: Mapping[int, str],
    teams: Mapping[int, str],
) -> list[str]:
    """A line for each; a code nobody has found words for is shown as it is."""
    language = language if language in texts.languages else FALLBACK
    known = texts.keys(language)
    lines = []
    for reason in reasons:
        key = f"routing.{reason['code']}"
        if key not in known:
            lines.append(str(reason["code"]))
            continue
        values = _values(reason, texts=texts, language=language, agents=agents, teams=teams)
        line = texts.say(language, key, **values)
        if "for" in reason:
            absent = agents.get(reason["for"], "–")
            line = texts.say(language, "routing.acting", why=line, absent=absent)
        if "not" in reason:
            obstacle = texts.say(language, f"routing.not_{reason['not']}")
            line = texts.say(language, "routing.but", why=line, obstacle=obstacle)
        lines.append(line)
    return lines


def _values(
    reason: Mapping[str, Any],
    *,
    texts: Texts,
    language: str,
    agents: Mapping[int, str],
    teams: Mapping[int, str],
) -> dict[str, Any]:
    spoken = str(reason.get("language", ""))
    if f"routing.{spoken}" in texts.keys(language):
        spoken = texts.say(language, f"routing.{spoken}")
    skills = ", ".join(reason.get("skills", ()))
    wanted = [part for part in (skills, spoken) if part]
    return {
        **{name: value for name, value in reason.items() if name != "language"},
        "agent": agents.get(reason.get("agent", 0), "–"),
        "team": teams.get(reason.get("team", 0), "–"),
        "ticket": reference(reason["ticket"]) if reason.get("ticket") else "–",
        "skills": skills,
        "spoken": spoken,
        "when": ", ".join(f"{k}: {'/'.join(v)}" for k, v in reason.get("when", {}).items()),
        "wanted": ", ".join(wanted) or texts.say(language, "routing.anything"),
    }
