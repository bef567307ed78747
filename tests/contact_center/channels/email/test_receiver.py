import asyncio
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from contact_center.channels.base import LONGEST_TEXT
from contact_center.channels.email.addressing import message_id, reply_address
from contact_center.errors import Unavailable
from tests.support.mail import Desk, a_desk, mail_settings

HELLO = (
    b"From: Ann <ann@example.com>\r\nMessage-ID: <1@example.com>\r\nSubject: Hi\r\n\r\nHello\r\n"
)


def a_mail(text: str = "Hello", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ann <ann@example.com>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


async def test_a_mail_is_handed_in_before_it_is_acknowledged(desk: Desk) -> None:
    await desk.send(HELLO)

    inbound = desk.inbox.only
    assert (inbound.channel, inbound.external_id) == ("email", "<1@example.com>")
    assert (inbound.thread, inbound.subject, inbound.text) == ("<1@example.com>", "Hi", "Hello")
    assert (inbound.sender.address, inbound.sender.name) == ("ann@example.com", "Ann")
    assert not inbound.automatic


async def test_chinese_mail_with_attachments_arrives_whole(desk: Desk) -> None:
    message = a_mail("还是没有收到退款。", Subject="退款申请")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="发票.pdf")

    await desk.send(message.as_bytes())

    inbound = desk.inbox.only
    assert (inbound.subject, inbound.text) == ("退款申请", "还是没有收到退款。")
    assert inbound.sender.language == "zh"
    [file] = inbound.attachments
    assert (file.name, file.content_type) == ("发票.pdf", "application/pdf")
    assert await desk.runtime.storage.load(file.key) == b"%PDF"


async def test_mail_for_others_is_refused_for_each_recipient(desk: Desk) -> None:
    await desk.send(HELLO, to=["support@desk.test", "ann@elsewhere.test"])
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        await desk.send(HELLO, to=["ann@elsewhere.test"])

    assert len(desk.inbox.kept) == 1
    assert refused.value.recipients["ann@elsewhere.test"][0] == 550


@pytest.mark.parametrize("to", ["Sales@DESK.test", "postmaster", "support+x@desk.test"])
async def test_every_address_of_our_domain_is_taken(desk: Desk, to: str) -> None:
    await desk.send(HELLO, to=[to])

    assert desk.inbox.only.ticket_id is None


async def test_the_same_mail_again_changes_nothing_and_leaves_no_files(desk: Desk) -> None:
    message = a_mail(Message_ID="<2@example.com>")
    message.add_attachment(b"x", maintype="image", subtype="png", filename="a.png")

    await desk.send(message.as_bytes())
    await desk.send(message.as_bytes())

    assert len(desk.inbox.kept) == 1
    assert len(desk.stored()) == 1


async def test_an_overloaded_inbox_puts_mail_off_and_leaves_no_files(desk: Desk) -> None:
    desk.inbox.errors = [Unavailable("too much"), RuntimeError("a bug of ours")]
    message = a_mail()
    message.add_attachment(b"x", maintype="image", subtype="png", filename="a.png")

    with pytest.raises(smtplib.SMTPDataError) as overloaded:
        await desk.send(message.as_bytes())
    left_behind = desk.stored()
    with pytest.raises(smtplib.SMTPDataError) as broken:
        await desk.send(message.as_bytes())

    assert left_behind == []
    assert (overloaded.value.smtp_code, broken.value.smtp_code) == (451, 451)
    await desk.send(message.as_bytes())
    assert len(desk.inbox.kept) == 1


async def test_a_full_disk_puts_mail_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(desk.runtime.storage, "save", fail)
    message = a_mail()
    message.add_attachment(b"x", maintype="image", subtype="png", filename="a.png")

    with pytest.raises(smtplib.SMTPDataError) as refused:
        await desk.send(message.as_bytes())

    assert refused.value.smtp_code == 451


async def test_refused_attachments_are_named_in_the_text(tmp_path: Path) -> None:
    settings = mail_settings()
    limits = settings.attachments.model_copy(update={"max_bytes": 10, "max_per_message": 2})
    message = a_mail("See these.")
    for name, kind, content in (
        ("run.exe", "x-msdownload", b"x"),
        ("a.pdf", "pdf", b"x"),
        ("big.pdf", "pdf", b"x" * 11),
        ("virus.exe", "pdf", b"x"),
        ("b.pdf", "pdf", b"x"),
        ("c.pdf", "pdf", b"x"),
    ):
        message.add_attachment(content, maintype="application", subtype=kind, filename=name)
    async with a_desk(tmp_path, settings.model_copy(update={"attachments": limits})) as desk:
        await desk.send(message.as_bytes())

    inbound = desk.inbox.only
    assert [file.name for file in inbound.attachments] == ["a.pdf", "b.pdf"]
    notes = inbound.text.split("\n\n")[1].split("\n")
    assert [note.split(" – ")[0] for note in notes] == [
        f"[Attachment not kept: {name}" for name in ("run.exe", "big.pdf", "virus.exe", "c.pdf")
    ]


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\x.png", "/abs.png", "a\x00b.png", ".", "x" * 500, "\u202egnp"],
)
async def test_hostile_file_names_stay_names(desk: Desk, name: str) -> None:
    message = a_mail()
    message.add_attachment(b"x", maintype="image", subtype="png")
    content = message.as_bytes().replace(
        b"Content-Disposition: attachment",
        b'Content-Disposition: attachment; filename="' + name.encode() + b'"',
    )

    await desk.send(content)

    [file] = desk.inbox.only.attachments
    assert "/" not in file.name
    assert "\\" not in file.name
    assert file.name.isprintable()
    assert 0 < len(file.name) <= 200
    [stored] = desk.stored()
    assert stored.name == file.key


@pytest.mark.parametrize("length", [100_000, LONGEST_TEXT + 1])
async def test_long_texts_in_one_line_reach_intake_whole(desk: Desk, length: int) -> None:
    await desk.send(HELLO.replace(b"Hello", b"x" * length))

    assert len(desk.inbox.only.text) == length


async def test_a_header_of_64_kilobytes_is_no_obstacle(desk: Desk) -> None:
    await desk.send(b"X-Long: " + b"x" * 65_536 + b"\r\n" + HELLO)

    assert desk.inbox.only.text == "Hello"


async def test_a_mail_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    async with a_desk(tmp_path, mail_settings(max_bytes=2000)) as desk:
        with pytest.raises(smtplib.SMTPSenderRefused) as announced:
            await desk.send(HELLO + b"x" * 3000)
        answers = await talk(
            desk.port,
            *GREETING,
            b"DATA\r\n",
            HELLO + (b"x" * 900 + b"\r\n") * 4 + b".\r\n",
        )
        await desk.send(HELLO)

    assert announced.value.smtp_code == 552
    assert answers[-1].startswith(b"552")
    assert len(desk.inbox.kept) == 1


GREETING = (
    b"EHLO x\r\n",
    b"MAIL FROM:<ann@example.com>\r\n",
    b"RCPT TO:<support@desk.test>\r\n",
)


async def talk(port: int, *lines: bytes, last: bytes = b"") -> list[bytes]:
    """The server's answers, one for each line; `last` is sent without waiting for any."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = [await reader.readline()]
    for line in lines:
        writer.write(line)
        while (answer := await reader.readline())[3:4] == b"-":
            pass
        answers.append(answer)
    writer.write(last)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    return answers


async def test_an_address_that_breaks_its_parser_is_put_off_and_the_talk_goes_on(
    desk: Desk,
) -> None:
    answers = await talk(desk.port, b"EHLO x\r\n", b"MAIL FROM:<\r\n", *GREETING[1:], b"QUIT\r\n")

    assert [answer[:3] for answer in answers[2:]] == [b"451", b"250", b"250", b"221"]


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n.\r\r\n"]
)
async def test_a_forged_end_of_data_stays_inside_its_mail(desk: Desk, end: bytes) -> None:
    smuggled = b"MAIL FROM:<x@y.test>\r\nRCPT TO:<support@desk.test>\r\nDATA\r\nforged\r\n"

    answers = await talk(
        desk.port, *GREETING, b"DATA\r\n", HELLO + end + smuggled + b"\r\n.\r\n", b"QUIT\r\n"
    )

    assert answers[-2].startswith(b"250")
    assert answers[-1].startswith(b"221")
    assert "forged" in desk.inbox.only.text


async def test_dots_at_line_starts_are_kept(desk: Desk) -> None:
    await desk.send(HELLO.replace(b"Hello", b".\r\n..two\r\n.one"))

    assert desk.inbox.only.text == ".\n..two\n.one"


async def test_a_connection_lost_within_a_mail_leaves_nothing(desk: Desk) -> None:
    await talk(desk.port, *GREETING, b"DATA\r\n", last=HELLO)
    await desk.send(HELLO.replace(b"<1@", b"<2@"))

    assert list(desk.inbox.kept) == ["<2@example.com>"]
    assert desk.stored() == []


async def test_a_mail_without_sender_is_taken_as_automatic(desk: Desk) -> None:
    await talk(
        desk.port,
        b"EHLO x\r\n",
        b"MAIL FROM:<>\r\n",
        b"RCPT TO:<support@desk.test>\r\n",
        b"DATA\r\n",
        HELLO + b".\r\n",
    )

    assert desk.inbox.only.automatic


async def test_an_answer_to_a_signed_address_names_its_ticket(desk: Desk) -> None:
    to = reply_address(desk.runtime.secret, address="support@desk.test", ticket_id=7)

    await desk.send(HELLO, to=[to])
    await desk.send(HELLO.replace(b"<1@", b"<2@"), to=[to.replace("t000007", "t000008")])

    assert [inbound.ticket_id for inbound in desk.inbox.kept.values()] == [7, None]


async def test_references_to_our_mails_become_their_keys(desk: Desk) -> None:
    ours = message_id(desk.runtime.secret, domain="desk.test", key="reply-9")

    await desk.send(a_mail(References=f"<0@example.com> {ours}", In_Reply_To=ours).as_bytes())

    inbound = desk.inbox.only
    assert inbound.references == ["<0@example.com>", "reply-9"]
    assert inbound.thread == "<0@example.com>"


async def test_our_own_mail_coming_back_is_a_note_of_its_own(desk: Desk) -> None:
    ours = message_id(desk.runtime.secret, domain="desk.test", key="reply-9")

    await desk.send(a_mail(Message_ID=ours, X_Contact_Center="desk.test").as_bytes())

    inbound = desk.inbox.only
    assert inbound.automatic
    assert inbound.external_id not in (ours, "reply-9")
    assert inbound.references == ["reply-9"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Contact_Center": "desk.test"},
        {"Reply_To": "support+x@desk.test"},
        {"Subject": "自动回复: 退款"},
        {"Reply_To": "x@y.test", "Precedence": "bulk"},
    ],
)
async def test_what_no_person_wrote_is_automatic(desk: Desk, headers: dict[str, str]) -> None:
    await desk.send(a_mail(**headers).as_bytes())

    assert desk.inbox.only.automatic


async def test_a_person_in_another_contact_centre_is_a_person(desk: Desk) -> None:
    await desk.send(a_mail(X_Contact_Center="another.test").as_bytes())

    assert not desk.inbox.only.automatic


async def test_a_form_that_writes_in_our_name_brings_its_customers_words(desk: Desk) -> None:
    form = EmailMessage()
    form["From"], form["Reply-To"] = "support@desk.test", "ann@example.com"
    form.set_content("I need help")

    await desk.send(form.as_bytes())

    assert not desk.inbox.only.automatic
    assert desk.inbox.only.sender.address == "ann@example.com"


async def test_answers_go_where_a_mail_asks_for_them(desk: Desk) -> None:
    await desk.send(a_mail(Reply_To="Bob <bob@example.com>").as_bytes())

    assert desk.inbox.only.sender.address == "bob@example.com"


async def test_a_mail_of_nothing_but_a_subject_says_its_subject(desk: Desk) -> None:
    await desk.send(b"From: a@b.test\r\nSubject: Call me please\r\n\r\n\r\n")

    assert desk.inbox.only.text == "Call me please"


async def test_bytes_that_are_no_mail_reach_intake(desk: Desk) -> None:
    await desk.send(bytes(range(256)) * 4)

    assert desk.inbox.only.sender.address == "ann@example.com"


async def test_a_mail_too_complex_reaches_intake_as_a_file(desk: Desk) -> None:
    await desk.send(b"Content-Type: message/rfc822\r\n\r\n" * 1000)

    inbound = desk.inbox.only
    assert [file.content_type for file in inbound.attachments] == ["message/rfc822"]
    assert "could not be read completely" in inbound.text


async def test_twenty_clients_at_once_are_all_served(desk: Desk) -> None:
    mails = [HELLO.replace(b"<1@", b"<%d@" % number) for number in range(20)]

    await asyncio.gather(*(desk.send(mail) for mail in mails))

    assert len(desk.inbox.kept) == 20


async def test_lmtp_answers_for_each_recipient(tmp_path: Path) -> None:
    async with a_desk(tmp_path, mail_settings(listen_protocol="lmtp")) as desk:
        refusals = await asyncio.to_thread(
            over_lmtp, desk.port, ["support@desk.test", "x@elsewhere.test", "sales@desk.test"]
        )

    assert refusals == {"x@elsewhere.test": 550}
    assert len(desk.inbox.kept) == 1


def over_lmtp(port: int, recipients: list[str]) -> dict[str, int]:
    with smtplib.LMTP("127.0.0.1", port) as client:
        client.ehlo_or_helo_if_needed()
        client.mail("ann@example.com")
        codes = {to: client.rcpt(to)[0] for to in recipients}
        client.putcmd("data")
        client.getreply()
        client.send(HELLO + b".\r\n")
        for code in codes.values():
            if code == 250:
                assert client.getreply()[0] == 250
    return {to: code for to, code in codes.items() if code != 250}


async def test_stopping_waits_for_the_mail_that_has_arrived(tmp_path: Path) -> None:
    async with a_desk(tmp_path, mail_settings()) as desk:
        desk.inbox.gate.clear()
        sending = asyncio.create_task(desk.send(HELLO))
        while desk.runtime.inbox._queue.empty() and not desk.runtime.inbox._queue._unfinished_tasks:
            await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.1, desk.inbox.gate.set)

    await sending
    assert desk.inbox.only.text == "Hello"
