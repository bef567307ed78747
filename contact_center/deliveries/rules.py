"""Pure decisions about deliveries: when to try again, how fast a channel may go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from contact_center.channels.base import Button, Outgoing
from contact_center.storage import StoredFile

SEND_WITHIN = 0.75  # of the lease: a slow send is given up before it could be doubled

# Seconds before each further attempt. A reply is tried for a week: a mail server that is down over
# a weekend loses nothing. A webhook is tried ten times in a little over a day.
_SCHEDULES: Mapping[str, tuple[int, ...]] = {
    "webhook": (5, 30, 300, 1_800, 7_200, 18_000, 18_000, 21_600, 21_600),
    "default": (2, 10, 30, 120, 600, 1_800, 3_600, *([3_600 * 4] * 42)),
}
_JITTER = 0.2  # of the delay, so that a thousand failures do not come back in one second


def attempts_for(kind: str) -> int:
    return len(_SCHEDULES.get(kind, _SCHEDULES["default"])) + 1


def lane_of(channel: str, endpoint_id: int | None) -> str:
    return channel if endpoint_id is None else f"{channel}:{endpoint_id}"


def delay(
    kind: str, *, attempts: int, random: Random, asked: float | None = None
) -> timedelta | None:
    """How long to wait after `attempts` failures, or None to give up.

    `asked` is what the network itself demands, in seconds, and is never undercut.
    """
    schedule = _SCHEDULES.get(kind, _SCHEDULES["default"])
    if attempts > len(schedule):
        return None
    planned = schedule[attempts - 1] * (1 + random.uniform(0, _JITTER))
    return timedelta(seconds=max(planned, asked or 0.0))


@dataclass(slots=True)
class TokenBucket:
    """At most `rate` a second in the long run, with bursts of up to `burst`."""

    rate: float
    burst: float
    _level: float = field(init=False)
    _at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._level = self.burst

    def within(self, seconds: float, *, at: float) -> int:
        """How many tokens can be had at `at` by those who wait for so long."""
        level = min(self.burst, self._level + (at - self._at) * self.rate)
        return max(0, int(level + seconds * self.rate))

    def wait(self, at: float) -> float:
        """Take a token at the monotonic time `at`; return the seconds to wait before using it."""
        self._level = min(self.burst, self._level + (at - self._at) * self.rate)
        self._at = at
        self._level -= 1
        return max(0.0, -self._level / self.rate)


def to_payload(message: Outgoing) -> dict[str, Any]:
    """What of a message is kept in its row; the address and the key have columns of their own."""
    payload: dict[str, Any] = {"text": message.text}
    for name in ("html", "subject", "sender_name", "message_id", "reply_to"):
        if (value := getattr(message, name)) is not None:
            payload[name] = value
    if message.buttons:
        payload["buttons"] = [[button.label, button.value] for button in message.buttons]
    if message.attachments:
        payload["attachments"] = [
            [file.key, file.name, file.content_type, file.size, file.sha256]
            for file in message.attachments
        ]
    if message.references:
        payload["references"] = list(message.references)
    if message.extra:
        payload["extra"] = dict(message.extra)
    return payload


def to_outgoing(payload: Mapping[str, Any], *, address: str, idempotency_key: str) -> Outgoing:
    fields = {
        **payload,
        "buttons": [Button(label, value) for label, value in payload.get("buttons", ())],
        "attachments": [StoredFile(*file) for file in payload.get("attachments", ())],
    }
    return Outgoing(address=address, idempotency_key=idempotency_key, **fields)
