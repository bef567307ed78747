"""Sources: what their configuration may say, and how foreign JSON becomes a message."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contact_center.settings import SettingsError, read_sources
from contact_center.sources import rules
from contact_center.sources.models import Source

STANDARD = "whsec_" + "bmV3" * 8
SHIPPED = Path("config") / "sources.toml"


def uncommented(text: str) -> str:
    """The examples: lines that start with # and no space."""
    lines = [line for line in text.splitlines() if line.startswith("#") and line[1:2] != " "]
    return "\n".join(line[1:] for line in lines)


def source(**changes: Any) -> Source:
    table = {
        "verify": "token",
        "header": "X-Token",
        "secrets": ["hush"],
        "fields": {"text": "text", "sender": {"address": "from"}},
    }
    return rules.parse_sources({"shop": table | changes}, file="sources.toml")["shop"]


def read(said: Any, call_id: str | None = None, **fields: Any) -> Any:
    wanted = {"text": "text", "sender": {"address": "from"}} | fields
    return rules.to_inbound(
        source(fields=wanted), said, body=json.dumps(said).encode(), call_id=call_id
    )


def test_the_shipped_file_configures_nobody() -> None:
    assert rules.load_sources(Path("config")) == {}


@pytest.fixture
def examples() -> dict[str, Source]:
    table = tomllib.loads(uncommented(SHIPPED.read_text("utf-8")))
    for one in table.values():
        one["secrets"] = [STANDARD]
        if "replies" in one:
            one["replies"]["secret"] = STANDARD
    return rules.parse_sources(table, file="sources.toml")


CALLS: dict[str, Any] = {
    "shop": {
        "data": {
            "message": {"id": "m-1", "body": "退款!", "type": "complaint", "topic": "refund"},
            "order": {"number": 1001, "total": 9.5, "tags": ["gift", "gift", 7]},
            "customer": {"id": 77, "name": "王", "email": "w@example.com", "locale": "zh-CN"},
        }
    },
    "contact-form": {
        "message": "Where is it?",
        "subject": "Parcel",
        "submission_id": "s-1",
        "email": "ann@example.com",
        "name": "Ann",
        "lang": "en",
    },
    "github": {
        "action": "opened",
        "issue": {
            "node_id": "I_1",
            "html_url": "https://github.com/a/b/issues/1",
            "title": "It breaks",
            "body": None,
            "labels": [{"name": "bug"}],
            "user": {"login": "ann"},
        },
    },
    "stripe": {
        "id": "evt_1",
        "type": "charge.dispute.created",
        "data": {
            "object": {
                "charge": "ch_1",
                "reason": "fraudulent",
                "amount": 1000,
                "currency": "eur",
                "evidence": {"customer_email_address": "ann@example.com"},
            }
        },
    },
    "slack": {
        "event_id": "Ev1",
        "event": {"type": "message", "channel": "C1", "ts": "1.2", "text": "Hi", "user": "U1"},
    },
    "shopify": {
        "id": 5,
        "admin_graphql_api_id": "gid://shopify/Order/5",
        "name": "#1001",
        "note": "Leave it at the door",
        "email": "ann@example.com",
        "customer": {"id": 9, "first_name": "Ann", "last_name": "Lee"},
        "customer_locale": "en-GB",
    },
}


@pytest.mark.parametrize("name", CALLS)
def test_every_example_reads_its_systems_json(examples: dict[str, Source], name: str) -> None:
    said = CALLS[name]
    assert set(examples) == set(CALLS)
    assert rules.is_wanted(examples[name], said)
    inbound = rules.to_inbound(examples[name], said, body=json.dumps(said).encode())
    assert inbound.text
    assert inbound.sender.address
    assert inbound.thread
    for fact in examples[name].fields.facts:
        assert fact in inbound.facts


def test_the_shops_example_in_full(examples: dict[str, Source]) -> None:
    inbound = rules.to_inbound(examples["shop"], CALLS["shop"], body=b"{}")
    assert (inbound.channel, inbound.external_id, inbound.thread) == ("shop", "m-1", "order-1001")
    assert (inbound.text, inbound.subject) == ("退款!", "Order 1001")
    assert (inbound.kind, inbound.priority, inbound.category) == ("complaint", "normal", "refund")
    assert list(inbound.tags) == ["gift", "7"]
    assert inbound.facts == {"order": 1001, "total": 9.5}
    sender = inbound.sender
    assert (sender.address, sender.name, sender.email) == ("77", "王", "w@example.com")
    assert (sender.language, sender.phone, sender.verified) == ("zh", None, True)


def test_calls_nobody_needs_to_answer_are_told_apart(examples: dict[str, Source]) -> None:
    assert not rules.is_wanted(examples["github"], {"action": "closed", "issue": {}})
    assert not rules.is_wanted(examples["slack"], {"event": {"type": "message", "bot_id": "B"}})
    assert rules.is_wanted(examples["shop"], {})


@pytest.mark.parametrize("said", [{}, [], None, 5, "text", {"text": {"a": 1}, "from": []}])
def test_json_of_another_shape_goes_to_quarantine_with_all_it_said(said: Any) -> None:
    inbound = read(said)
    assert (inbound.text, inbound.sender.address) == ("", "")
    assert inbound.original == json.dumps(said)
    assert inbound.external_id


def test_a_repeated_call_is_known_by_its_id_or_else_its_body() -> None:
    said = {"text": "a", "from": "b", "id": 9}
    assert read(said, external_id="id", call_id="msg_1").external_id == "9"
    assert read(said, call_id="msg_1").external_id == "msg_1"
    assert read(said).external_id == read(said).external_id
    assert read(said).external_id != read(said | {"id": 10}).external_id
    assert len(read(said | {"id": "x" * 500}, external_id="id").external_id) == 64


def test_without_a_thread_everything_from_one_sender_is_one_conversation() -> None:
    assert read({"text": "a", "from": "ann"}).thread == "ann"


def test_an_expression_that_fails_finds_nothing() -> None:
    inbound = read({"text": "a", "from": "b"}, subject="join(', ', nothing)", tags="sort(text)")
    assert (inbound.subject, list(inbound.tags)) == (None, [])


def test_codes_we_do_not_know_are_left_out() -> None:
    said = {"text": "a", "from": "b", "kind": "rant", "priority": "P1", "language": "fr-FR"}
    inbound = read(said, kind="kind", priority="priority")
    assert (inbound.kind, inbound.priority) == (None, None)


def test_what_no_database_can_keep_is_replaced() -> None:
    said = json.loads(
        '{"text": "a\\u0000\\ud800", "from": "b\\u0000", "id": "c\\u0000", "tag": "\\ud800",'
        ' "fact": {"d\\u0000": [1e999, NaN, "\\\\u0000", "\\u0000"]}}'
    )
    inbound = read(said, external_id="id", tags="tag", thread="id", facts={"f": "fact"})
    written = repr(replace(inbound, original=None))
    assert "\\x00" not in written
    assert "\\ud800" not in written
    assert json.loads(json.dumps(inbound.facts, allow_nan=False))["f"]["d\ufffd"][2] == "\\u0000"


def test_facts_have_a_limit() -> None:
    said = {"text": "a", "from": "b", "big": "x" * 5000, "small": [1]}
    assert read(said, facts={"big": "big", "small": "small", "none": "none"}).facts == {
        "small": [1]
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verify": "magic"}, "shop.verify"),
        ({"secrets": []}, "shop.secrets"),
        ({"channel": "telegram"}, "telegram is taken"),
        ({"channel": "Nice Name"}, "shop.channel"),
        ({"header": None}, "header"),
        ({"verify": "github"}, "header"),
        ({"max_bytes": 10**9}, "shop.max_bytes"),
        ({"colour": "red"}, "shop.colour"),
        ({"fields": {"sender": {}}}, "shop.fields.text"),
        ({"fields": {"text": "a[", "sender": {}}}, "shop.fields.text: .*JMESPath"),
        ({"fields": {"text": "a" * 501, "sender": {}}}, "500 characters"),
        ({"fields": {"text": 5, "sender": {}}}, "shop.fields.text"),
        ({"fields": {"text": "a", "sender": {}, "facts": {"x": "]"}}}, "shop.fields.facts.x"),
        ({"when": "("}, "shop.when"),
        ({"replies": {"url": "https://a.example/"}}, "shop.replies.secret"),
        ({"replies": {"url": "https://a.example/", "secret": "x"}}, "shop.replies.secret"),
        (
            {"replies": {"url": "https://a.example/", "secret": STANDARD}, "channel": "email"},
            "answered by mail",
        ),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=f"sources.toml: .*{reason}"):
        source(**changes)


def test_a_secret_that_cannot_sign_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="whsec_") as caught:
        source(verify="standard-webhooks", header=None, secrets=["whsec_hush!"])
    assert "hush" not in str(caught.value)


def test_a_source_is_a_table_with_a_plain_name() -> None:
    for table in ({"a/b": {}}, {"a": 5}):
        with pytest.raises(SettingsError):
            rules.parse_sources(table, file="sources.toml")


def write(directory: Path, text: str) -> Path:
    (directory / "sources.toml").write_text(text)
    return directory


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", "hush")
    table = read_sources(write(tmp_path, '[shop]\nsecrets = ["env:SHOP_SECRET"]'))
    assert table["shop"]["secrets"] == ["hush"]
    assert "hush" not in repr(source(secrets=["hush"]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[shop]\nsecrets = ["hush"]', 'shop.secrets: write "env:NAME"'),
        ('[shop]\nsecrets = ["env:NOT_SET_ANYWHERE"]', "NOT_SET_ANYWHERE is not set"),
        ('[shop]\nreplies.secret = "hush"', "shop.replies.secret: write"),
        ("[shop\n", "sources.toml: "),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as caught:
        read_sources(write(tmp_path, text))
    assert "hush" not in str(caught.value)


def test_without_the_file_nobody_may_call(tmp_path: Path) -> None:
    assert read_sources(tmp_path) == {}
