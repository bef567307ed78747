import logging
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contact_center.channels.email.parsing import parse_mail
from tests.support.mail import cases, raw


@settings(max_examples=300)
@given(st.binary(max_size=2000))
def test_no_bytes_break_it(content: bytes) -> None:
    mail = parse_mail(content)

    assert mail.message_id
    f"{mail.text}{mail.subject}{mail.sender}{mail.original}".encode()


PIECES = [
    b"Content-Type: multipart/mixed; boundary=x\n", b"Content-Type: text/html; charset=gbk\n",
    b"Content-Type: message/rfc822\n", b"Content-Type: multipart/alternative; boundary=\"x\n y\"\n",
    b"Content-Type: message/delivery-status\n", b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: x-uuencode\n", b"Content-Transfer-Encoding: quoted-printable\n",
    b"Content-Disposition: attachment; filename*0*=utf-8''%E4; filename*1*=\n",
    b"From: =?utf-8?B?5L2g?= <\xff@x>, (((\n", b"Subject: =?gb2312?B?xOO6\n", b"To: <>,;:\"\n",
    b"Final-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.1\n", b"\n", b"\n--x\n", b"--x--\n",
    b"begin 644 a\n#0V%T\n`\nend\n", b"<p>a<b", b"> quoted\n", b"-- \n", b"\x00\xe4\xbd", b" \n",
]  # fmt: skip


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=40))
def test_no_scrambled_mail_breaks_it(pieces: list[bytes]) -> None:
    content = b"".join(pieces)

    mail = parse_mail(content)

    assert mail == parse_mail(content)
    f"{mail.text}{mail.files}{mail.bounces}".encode()


def test_real_mails_are_taken_apart() -> None:
    wrong = [case["id"] for case in cases("mails.jsonl") if not is_as_wanted(case)]

    # Known: what is an attachment where parts are broken, and texts joined across parts.
    assert len(wrong) <= 17, wrong


def is_as_wanted(case: dict) -> bool:
    mail, want = parse_mail(raw(case)), case["want"]
    text = want.get("text", "")
    text = text if isinstance(text, str) else "\n".join(text)
    files = want.get("n_attachments", len(want.get("attachments", ())))
    return (
        mail.whole
        and mail.subject.split() == (want["subject"] or "").split()
        and mail.sender.address == (want["from_email"] or "").lower()
        and mail.sender.name.split() == (want["from_name"] or "").split()
        and {address.lower() for address in want["to"]} <= set(mail.recipients)
        and (not text.strip() or (mail.original or mail.text).split() == text.split())
        and len(mail.files) == files
    )


def test_mail_by_machines_is_recognised() -> None:
    wrong = [
        case["id"]
        for case in cases("automatic.jsonl")
        if bool(parse_mail(raw(case)).automatic) != case["want"]
    ]

    assert wrong == []


def test_returned_mail_is_recognised() -> None:
    wrong = [case["id"] for case in cases("bounces.jsonl") if is_bounce(case) != was_bounce(case)]

    # Known: formats of single providers without a report that machines can read.
    assert len(wrong) <= 4, wrong


def is_bounce(case: dict) -> bool:
    no_failures = {"vacation", "feedback", "delivered"}
    return any(one.get("reason") not in no_failures for one in case["want"])


def was_bounce(case: dict) -> bool:
    return bool(parse_mail(raw(case)).bounces)


def test_a_mail_without_message_id_gets_the_same_one_each_time() -> None:
    content = b"From: a@b.test\r\nSubject: Hi\r\n\r\nHello"

    first = parse_mail(b"Received: by one\r\n" + content)
    again = parse_mail(b"Received: by another\r\n" + content.replace(b"\r\n", b"\n"))
    other = parse_mail(content + b"!")

    assert first.message_id == again.message_id != other.message_id


def test_a_charset_of_odd_bytes_does_no_harm() -> None:
    mail = parse_mail(b"Content-Type: text/plain; charset=\xff\x00\n\n" + "退款".encode())

    assert (mail.whole, mail.text) == (True, "退款")


def test_html_without_a_text_part_is_read_as_text() -> None:
    content = "<html><meta charset=gbk><p>还是没有收到退款</p>".encode("gbk")

    mail = parse_mail(b"From: a@b.test\nContent-Type: text/html\n\n" + content)

    assert mail.text == "还是没有收到退款"


def test_a_blank_text_part_gives_way_to_the_html() -> None:
    message = EmailMessage()
    message.set_content(" \n")
    message.add_alternative("<p>Hello</p>", subtype="html")

    assert parse_mail(message.as_bytes()).text == "Hello"


def test_the_quote_is_cut_and_the_original_kept() -> None:
    body = b"Thanks!\n\nOn 2 Mar 2026 at 10:00, Desk <s@desk.test> wrote:\n> Done."

    mail = parse_mail(b"From: a@b.test\n\n" + body)

    assert mail.text == "Thanks!"
    assert mail.original == body.decode()


def test_a_forwarded_mail_is_both_text_and_file() -> None:
    inner = EmailMessage()
    inner["Subject"] = "Bill"
    inner.set_content("You owe 99.")
    message = EmailMessage()
    message["From"] = "a@b.test"
    message.add_attachment(inner)

    mail = parse_mail(message.as_bytes())

    assert mail.text == "You owe 99."
    assert [file.content_type for file in mail.files] == ["message/rfc822"]


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\n" * 5_000,
        b"".join(
            b"Content-Type: multipart/mixed; boundary=a%d\n\n--a%d\n" % (n, n) for n in range(400)
        ),
        b"Content-Type: message/rfc822\n\n" * 1_000,
        b"a: b\n" * 20_000,
    ],
    ids=["parts", "depth", "mails in mails", "headers"],
)
def test_a_mail_too_complex_is_kept_whole(content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    content = b"From: a@b.test\nSubject: Bomb\n" + content + b"\nhello"

    mail = parse_mail(content)

    assert not mail.whole
    assert (mail.sender.address, mail.subject) == ("a@b.test", "Bomb")
    assert [(file.name, file.content) for file in mail.files] == [("mail.eml", content)]
    assert caplog.records[-1].levelno == logging.WARNING


def test_out_of_time_means_kept_whole() -> None:
    assert not parse_mail(b"From: a@b.test\n\nhello", seconds=-1).whole


def test_headers_of_64_kilobytes_and_lines_of_100_kilobytes_are_read() -> None:
    head = (
        b"X-Long: "
        + b"x" * 65_536
        + b"\nReferences: "
        + b"<a@b>\n " * 10_000
        + b"\nFrom: a@b.test\n"
    )

    mail = parse_mail(head + b"\n" + b"y" * 100_000)

    assert (mail.whole, mail.sender.address, len(mail.text)) == (True, "a@b.test", 100_000)


def test_references_end_with_what_is_answered() -> None:
    mail = parse_mail(b"References: <a@x> <b@x> <c@x>\nIn-Reply-To: <b@x>\n\n")

    assert mail.references == ["<a@x>", "<c@x>", "<b@x>"]


@pytest.mark.parametrize(
    "part",
    [
        b"Content-Type: message/rfc822\n\nMessage-ID: <reply-7@us.example>\nSubject: Re\n\nIt left",
        b"Content-Type: text/rfc822-headers\n\nSubject: Re\nMessage-Id: <reply-7@us.example>\n",
    ],
)
def test_a_returned_mail_names_what_came_back(part: bytes) -> None:
    report = (
        b"From: MAILER-DAEMON@far.example\nSubject: Undeliverable\n"
        b"Content-Type: multipart/report; boundary=x\n\n"
        b"--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; far.example\n\n"
        b"Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1\n"
        b"--x\n" + part + b"\n--x--\n"
    )

    mail = parse_mail(report)

    assert [bounce.recipient for bounce in mail.bounces] == ["ann@example.com"]
    assert list(mail.references) == ["<reply-7@us.example>"]
