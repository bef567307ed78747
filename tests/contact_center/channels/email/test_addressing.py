import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.channels.email.addressing import (
    is_message_id,
    key_in,
    message_id,
    reply_address,
    ticket_in,
)

SECRET = b"a test's secret"


def test_a_reply_address_names_its_ticket() -> None:
    address = reply_address(SECRET, address="support@desk.test", ticket_id=123)

    assert address.startswith("support+t000123.")
    assert len(address.partition("@")[0]) <= 64
    assert ticket_in(SECRET, address) == 123
    assert ticket_in(SECRET, address.upper()) == 123


def test_a_changed_reply_address_names_nothing() -> None:
    address = reply_address(SECRET, address="support@desk.test", ticket_id=123)

    assert ticket_in(SECRET, address.replace("t000123", "t000124")) is None
    assert ticket_in(b"another secret", address) is None
    assert ticket_in(SECRET, "support+t000123@desk.test") is None
    assert ticket_in(SECRET, "support@desk.test") is None


@given(st.text(min_size=1, max_size=100))
def test_a_message_id_gives_its_key_back(key: str) -> None:
    key = key.encode("utf-8", "replace").decode()

    identifier = message_id(SECRET, domain="desk.test", key=key)

    assert key_in(SECRET, identifier) == key
    assert identifier == message_id(SECRET, domain="desk.test", key=key)


@pytest.mark.parametrize("other", ["<abc@desk.test>", "<a.b@c>", "<.@x>", "<@>", "", "<é.é@x>"])
def test_others_message_ids_have_no_key(other: str) -> None:
    assert key_in(SECRET, other) is None


def test_ours_are_proper_message_ids() -> None:
    assert is_message_id(message_id(SECRET, domain="desk.test", key="reply-1f/ä:7"))
    assert not is_message_id("<a b@c>")
