"""Pure decisions about webhooks: who wants which event, what it says, which secrets sign it."""

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from contact_center.errors import Invalid

ROTATION = timedelta(hours=24)  # how long a replaced secret still signs
_SECRET_BYTES = 32
_MOST_PATTERNS = 50
PATTERN = r"^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event of the log, as far as other systems are told."""

    id: int
    kind: str
    at: datetime
    actor: str
    ticket_id: int | None
    data: Mapping[str, Any]


def wants(patterns: Iterable[str], kind: str) -> bool:
    return any(
        pattern == "*"
        or pattern == kind
        or (pattern.endswith(".*") and kind.startswith(pattern[:-1]))
        for pattern in patterns
    )


def check_patterns(patterns: Sequence[str]) -> list[str]:
    """Raises Invalid."""
    if not 1 <= len(patterns) <= _MOST_PATTERNS:
        raise Invalid(code="webhook.patterns", most=_MOST_PATTERNS)
    for pattern in patterns:
        if len(pattern) > 64 or not re.fullmatch(PATTERN, pattern):
            raise Invalid(code="webhook.not_an_event", pattern=pattern)
    return list(dict.fromkeys(patterns))


def body(event: EventRow) -> str:
    """What is sent: {type, timestamp, data}. It names records and codes and quotes no texts."""
    data = {
        "event_id": event.id,
        "ticket_id": event.ticket_id,
        "actor": event.actor,
        "details": dict(event.data),
    }
    return to_json(event.kind, at=event.at, data=data)


def to_json(kind: str, *, at: datetime, data: Mapping[str, Any]) -> str:
    said = {"type": kind, "timestamp": at.isoformat(), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def kind_of(body: str) -> str:
    return str(json.loads(body)["type"])


def new_secret(random: Random) -> str:
    return "whsec_" + base64.b64encode(random.randbytes(_SECRET_BYTES)).decode()


def first_secret(fresh: str) -> list[dict[str, Any]]:
    return [{"secret": fresh, "expires_at": None}]


def rotate(
    secrets: Sequence[Mapping[str, Any]], fresh: str, *, now: datetime
) -> list[dict[str, Any]]:
    """The fresh secret, and those before it until they expire."""
    until = (now + ROTATION).isoformat()
    kept = [
        {"secret": one["secret"], "expires_at": one["expires_at"] or until}
        for one in secrets
        if _signs(one, now)
    ]
    return [*first_secret(fresh), *kept]


def signing(secrets: Sequence[Mapping[str, Any]], *, now: datetime) -> list[str]:
    """Every secret that signs now, the newest first."""
    return [one["secret"] for one in secrets if _signs(one, now)]


def _signs(secret: Mapping[str, Any], now: datetime) -> bool:
    until = secret["expires_at"]
    return until is None or now < datetime.fromisoformat(until)
