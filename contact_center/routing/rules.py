"""Which team a ticket goes to, the first rule that fits, and what the team is told."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contact_center.channels.base import Button, Outgoing
from contact_center.errors import Invalid
from contact_center.texts import Texts
from contact_center.tickets.models import TicketKind, reference

CLAIM_BUTTON = "claim:"  # + ticket id
CONDITIONS = ("kind", "channel", "language", "category", "priority")


@dataclass(frozen=True, slots=True)
class Rule:
    """`team` gets what has one of the listed values in every named field."""

    team: str
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)


def choose_team(rules: Sequence[Rule], facts: Mapping[str, str | None]) -> str | None:
    """The name of the team, or None when no rule fits: then every team sees the ticket."""
    for rule in rules:
        if all(facts.get(name) in values for name, values in rule.when.items()):
            return rule.team
    return None


def parse_rules(table: Mapping[str, Any]) -> list[Rule]:
    """From `routing.toml`. Raises Invalid that names the rule and the reason."""
    rules: list[Rule] = []
    for number, row in enumerate(table.get("rule", ()), start=1):
        fields = dict(row)
        team = fields.pop("team", None)
        if not isinstance(team, str) or not team:
            raise Invalid(f"rule {number}: team is missing")
        if unknown := fields.keys() - set(CONDITIONS):
            raise Invalid(f"rule {number}: {', '.join(sorted(unknown))}: no such condition")
        rules.append(Rule(team, {name: _values(number, name, v) for name, v in fields.items()}))
    return rules


def load_routes(file: Path) -> list[Rule]:
    """Raises Invalid that names the file, the rule and the reason."""
    try:
        return parse_rules(tomllib.loads(file.read_text("utf-8")))
    except (Invalid, tomllib.TOMLDecodeError) as error:
        raise Invalid(f"{file}: {error}") from error


def claim_notice(
    ticket_id: int,
    *,
    kind: TicketKind,
    subject: str,
    chat: str,
    key: str,
    texts: Texts,
    language: str,
) -> Outgoing:
    """Offers a ticket to a team's group; the first who presses the button gets it."""
    text = texts.say(
        language,
        "notice.queued",
        kind=texts.say(language, f"kind.{kind}"),
        reference=reference(ticket_id),
        subject=subject,
    )
    button = Button(texts.say(language, "notice.claim"), f"{CLAIM_BUTTON}{ticket_id}")
    return Outgoing(idempotency_key=key, address=chat, text=text, buttons=[button])


def claimed_ticket(button: str) -> int | None:
    """The ticket that a pressed button asks for."""
    number = button.removeprefix(CLAIM_BUTTON)
    asks = button.startswith(CLAIM_BUTTON) and number.isdecimal() and len(number) < 19
    return int(number) if asks else None


def _values(number: int, name: str, value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise Invalid(f"rule {number}: {name} must be a text or a list of texts")
    return values
