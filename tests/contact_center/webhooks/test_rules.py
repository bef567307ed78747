"""Who wants which event, what it says, which secrets sign it."""

import base64
import json
from datetime import UTC, datetime, timedelta
from random import SystemRandom

import pytest

from contact_center.errors import Invalid
from contact_center.webhooks import rules
from contact_center.webhooks.rules import EventRow

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("patterns", "kind", "wanted"),
    [
        (["*"], "ticket.claimed", True),
        (["ticket.*"], "ticket.claimed", True),
        (["ticket.*"], "ticket.clock.breached", True),
        (["ticket.clock.*"], "ticket.claimed", False),
        (["ticket.*"], "ticket", False),
        (["ticket.*"], "tickets.claimed", False),
        (["ticket.claimed"], "ticket.claimed", True),
        (["ticket.claimed"], "ticket.claimed.twice", False),
        (["agent.*", "ticket.claimed"], "ticket.claimed", True),
        ([], "ticket.claimed", False),
    ],
)
def test_wants(patterns: list[str], kind: str, wanted: bool) -> None:
    assert rules.wants(patterns, kind) is wanted


@pytest.mark.parametrize("patterns", [[], ["Ticket.*"], ["ticket.*.*"], ["*.x"], [""], ["a"] * 51])
def test_what_is_no_event_kind_is_refused(patterns: list[str]) -> None:
    with pytest.raises(Invalid):
        rules.check_patterns(patterns)


def test_patterns_are_kept_once() -> None:
    assert rules.check_patterns(["*", "ticket.claimed", "*"]) == ["*", "ticket.claimed"]


def test_an_event_is_said_as_type_timestamp_and_data() -> None:
    event = EventRow(
        id=42,
        kind="ticket.claimed",
        at=NOW,
        actor="agent:7",
        ticket_id=5,
        data={"owner": 7, "team": "客服"},
    )
    assert json.loads(rules.body(event)) == {
        "type": "ticket.claimed",
        "timestamp": "2026-03-02T12:00:00+00:00",
        "data": {
            "event_id": 42,
            "ticket_id": 5,
            "actor": "agent:7",
            "details": {"owner": 7, "team": "客服"},
        },
    }


def test_a_new_secret_holds_32_random_bytes() -> None:
    first, second = rules.new_secret(SystemRandom()), rules.new_secret(SystemRandom())
    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_a_replaced_secret_signs_for_a_day() -> None:
    secrets = rules.rotate(rules.first_secret("old"), "new", now=NOW)
    assert rules.signing(secrets, now=NOW) == ["new", "old"]
    assert rules.signing(secrets, now=NOW + timedelta(hours=23, minutes=59)) == ["new", "old"]
    assert rules.signing(secrets, now=NOW + timedelta(hours=24)) == ["new"]


def test_rotating_twice_shortens_nobodys_day_and_lengthens_none() -> None:
    secrets = rules.rotate(rules.first_secret("a"), "b", now=NOW)
    secrets = rules.rotate(secrets, "c", now=NOW + timedelta(hours=12))
    assert rules.signing(secrets, now=NOW + timedelta(hours=23)) == ["c", "b", "a"]
    assert rules.signing(secrets, now=NOW + timedelta(hours=25)) == ["c", "b"]


def test_an_expired_secret_is_forgotten_at_the_next_rotation() -> None:
    secrets = rules.rotate(rules.first_secret("a"), "b", now=NOW)
    secrets = rules.rotate(secrets, "c", now=NOW + timedelta(hours=24))
    assert [one["secret"] for one in secrets] == ["c", "b"]
