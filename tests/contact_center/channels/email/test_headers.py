import base64
import time

import pytest

from contact_center.channels.email.headers import (
    addresses,
    decode_words,
    file_name,
    message_ids,
    sent_date,
)
from contact_center.channels.email.mail import Mailbox
from contact_center.channels.email.structure import Budget, mime_tree


def words(text: str, codec: str, *, at: int) -> str:
    """Two encoded words that cut the text's bytes wherever `at` falls."""
    content = text.encode(codec)
    return " ".join(
        f"=?{codec}?B?{base64.b64encode(part).decode()}?=" for part in (content[:at], content[at:])
    )


@pytest.mark.parametrize("at", [3, 4, 5])
@pytest.mark.parametrize("codec", ["utf-8", "gb2312"])
def test_a_character_cut_between_two_words_is_whole_again(codec: str, at: int) -> None:
    assert decode_words(words("退款申请", codec, at=at)) == "退款申请"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"),
        ("=?utf-8?q?caf=C3=A9 au lait?=", "café au lait"),
        ("=?UTF-8*de?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?B?R3LDvM\r\n OfZQ==?=", "Grüße"),
        ("Re: =?utf-8?B?R3LDvMOfZQ==?=(2)", "Re: Grüße(2)"),
        ("=?utf-8?B?R3LDvMOfZQ===?=", "Grüße"),
        ("=?no-such-charset?B?5L2g5aW9?=", "你好"),
        ("你好".encode().decode("ascii", "surrogateescape"), "你好"),
        ("你好，退款申请".encode("gbk").decode("ascii", "surrogateescape"), "你好，退款申请"),
        ("=?utf-8?B?A", "=?utf-8?B?A"),
        ("a\x00b", "a\ufffdb"),
    ],
)
def test_broken_and_bare_words_are_read(value: str, text: str) -> None:
    assert decode_words(value) == text


def test_an_encoded_comma_does_not_split_a_name() -> None:
    value = "=?utf-8?Q?Archer=2C_Ann?= <Ann@Example.com>, bob@example.com"

    assert addresses([value]) == [
        Mailbox("ann@example.com", "Archer, Ann"),
        Mailbox("bob@example.com"),
    ]


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("=?utf-8?B?546LIDx3QGMudGVzdD4=?=", "w@c.test"),
        ("Big Bug bb@bug.test", "bb@bug.test"),
        ("'a@b.test'", "a@b.test"),
        ('"Ann" <a@b.test> (work)', "a@b.test"),
    ],
)
def test_addresses_written_wrongly_are_found(value: str, address: str) -> None:
    assert [box.address for box in addresses([value])] == [address]


@pytest.mark.parametrize(
    "value", ["(" * 60_000, '"' * 60_000, "<" * 60_000, "\\" * 60_000, "@," * 9]
)
def test_hostile_addresses_name_nobody(value: str) -> None:
    assert addresses([value]) == []


def test_message_ids_are_kept_in_order_and_once() -> None:
    assert message_ids(["<a@x> junk <b@x>", "<a@x> <" + "c" * 300 + "@x>"]) == ["<a@x>", "<b@x>"]


@pytest.mark.parametrize(
    "value", ["", "yesterday", "Wed, 99 Foo 2026", "1 Jan 99999 0:0", ":" * 999]
)
def test_an_impossible_date_is_none(value: str) -> None:
    assert sent_date(value) is None


@pytest.mark.parametrize(
    "disposition",
    [
        "attachment; filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf",
        "attachment; filename*0*=utf-8''%E5%8F%91; filename*1*=%E7%A5%A8.pdf",
        'attachment; filename="=?utf-8?B?5Y+R56WoLnBkZg==?="',
        'attachment; filename="=?gb2312?B?t6LGsS5wZGY=?="',
        "attachment; filename*=gbk''%B7%A2%C6%B1.pdf",
        "attachment; filename=" + "发票.pdf".encode().decode("ascii", "surrogateescape"),
    ],
)
def test_chinese_file_names_are_read_in_every_spelling(disposition: str) -> None:
    content = f"Content-Disposition: {disposition}\n\n".encode("ascii", "surrogateescape")

    part = mime_tree(content, Budget(time.monotonic() + 10))

    assert file_name(part) == "发票.pdf"
