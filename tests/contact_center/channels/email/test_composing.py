import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.channels.base import Outgoing
from contact_center.channels.email.addressing import key_in, message_id, ticket_in
from contact_center.channels.email.composing import BadAddress, compose
from contact_center.channels.email.parsing import parse_mail
from contact_center.settings import Email
from contact_center.storage import StoredFile

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = b"a test's secret"
SETTINGS = Email(address="support@desk.test", name="客服中心")


def composed(files: list[tuple[StoredFile, bytes]] | None = None, **fields: object) -> bytes:
    message = Outgoing(
        **{"idempotency_key": "reply-1", "address": "ann@example.com", "text": "Hello"} | fields
    )
    return compose(message, files=files or [], settings=SETTINGS, secret=SECRET, now=NOON).content


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=default)


def test_a_reply_says_who_wrote_and_where_answers_go() -> None:
    mail = read(composed(sender_name="Eve", subject="[T-000007] 退款", extra={"ticket_id": 7}))

    assert mail["From"].addresses[0].display_name == "Eve (客服中心)"
    assert mail["From"].addresses[0].addr_spec == "support@desk.test"
    assert mail["Subject"] == "[T-000007] 退款"
    assert ticket_in(SECRET, mail["Reply-To"].addresses[0].addr_spec) == 7
    assert key_in(SECRET, mail["Message-ID"]) == "reply-1"
    assert mail["Auto-Submitted"] is None


def test_what_no_person_signed_says_so_to_machines() -> None:
    assert read(composed())["Auto-Submitted"] == "auto-generated"
    assert read(composed(references=["<a@x>"]))["Auto-Submitted"] == "auto-replied"


def test_references_name_customers_mails_and_our_own() -> None:
    ours = message_id(SECRET, domain="desk.test", key="reply-0")
    long = "<" + "x" * 150 + "@mail.example.com>"

    invented = parse_mail(b"From: a@b.test\n\n").message_id

    content = composed(references=[long, "reply-0", invented, "not an id\r\nBcc: x@y.test@"])

    assert content.count(f"References: {long}\r\n {ours}\r\n".encode()) == 1
    assert f"In-Reply-To: {ours}\r\n".encode() in content


def test_text_html_and_files_arrive_as_they_were() -> None:
    file = StoredFile("k", '发票 "1".pdf', "application/pdf", 4, "")

    mail = parse_mail(composed([(file, b"%PDF")], text="你好\n.\nFrom here", html="<p>你好</p>"))

    assert mail.text == "你好\n.\nFrom here"
    assert [(f.name, f.content_type, f.content) for f in mail.files] == [
        ('发票 "1".pdf', "application/pdf", b"%PDF")
    ]


hostile = st.text(max_size=120) | st.sampled_from(["a\r\nBcc: x@y.test", "\n\n", "\ud800", "=?q?="])


@given(subject=hostile, name=hostile, file=hostile, text=st.text(max_size=300))
def test_no_value_can_add_a_header_or_break_a_line(
    subject: str, name: str, file: str, text: str
) -> None:
    stored = StoredFile("k", file, "image/png\r\nBcc: x@y.test", 1, "")

    content = composed([(stored, b"x")], subject=subject, sender_name=name, text=text)

    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    names = re.findall(r"^([^\s:]+):", head, re.MULTILINE)
    assert len(names) == len(set(names))
    assert set(names) <= {
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "X-Contact-Center",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


# A byte order mark is no text: it may go.
visible = st.characters(
    exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="\ufeff"
)


@given(st.text(visible, min_size=1, max_size=300))
def test_subjects_of_any_script_and_length_survive(subject: str) -> None:
    content = composed(subject=subject)

    assert parse_mail(content).subject == subject


@pytest.mark.parametrize(
    "address", ["", "ann", "a@b@c", "a b@c.test", "a@c.test\r\nBcc: x@y.test", "<a@b>", "a@b,c@d"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        composed(address=address)
