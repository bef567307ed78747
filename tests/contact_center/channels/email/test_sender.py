import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contact_center.channels.base import DeliveryFailed, Outgoing
from contact_center.channels.email.parsing import parse_mail
from contact_center.channels.email.sender import EmailChannel, build_email_channel
from contact_center.channels.email.transports import MOST_CONNECTIONS
from contact_center.storage import LocalStorage, StoredFile
from tests.support.mail import a_far_server, mail_settings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def channel_to(port: int, directory: Path, **email: Any) -> EmailChannel:
    settings = mail_settings(**{"smtp_host": "127.0.0.1", "smtp_port": port} | email)
    return build_email_channel(settings, LocalStorage(directory), now=lambda: NOON)


def mail(number: int = 1, **fields: Any) -> Outgoing:
    chosen = {"idempotency_key": f"reply-{number}", "address": "ann@example.com", "text": "你好"}
    return Outgoing(**chosen | fields)


async def test_a_mail_reaches_the_far_server(tmp_path: Path) -> None:
    async with a_far_server() as far:
        channel = channel_to(far.port, tmp_path)

        identifier = await channel.send(mail(text="Hello\n.\n..\nbye", extra={"ticket_id": 7}))
        await channel.close()

    [envelope] = far.mails
    arrived = parse_mail(envelope.content)
    assert envelope.rcpt_tos == ["ann@example.com"]
    assert envelope.mail_from == arrived.reply_to.address
    assert (arrived.text, arrived.message_id) == ("Hello\n.\n..\nbye", identifier)


async def test_an_attachment_leaves_with_its_name(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    file = await storage.save(
        chunks(b"%PDF"), name="发票.pdf", content_type="application/pdf", limit=9
    )
    async with a_far_server() as far:
        channel = channel_to(far.port, tmp_path)

        await channel.send(mail(attachments=[file]))
        await channel.close()

    [arrived] = parse_mail(far.mails[0].content).files
    assert (arrived.name, arrived.content) == ("发票.pdf", b"%PDF")


async def chunks(content: bytes) -> Any:
    yield content


async def test_an_attachment_that_is_gone_is_a_permanent_failure(tmp_path: Path) -> None:
    file = StoredFile("0" * 32, "a.pdf", "application/pdf", 1, "")
    channel = channel_to(1, tmp_path)

    with pytest.raises(DeliveryFailed) as failure:
        await channel.send(mail(attachments=[file]))

    assert failure.value.permanent


async def test_twenty_parallel_mails_share_a_few_connections(tmp_path: Path) -> None:
    async with a_far_server() as far:
        channel = channel_to(far.port, tmp_path)

        await asyncio.gather(*(channel.send(mail(number)) for number in range(20)))
        await channel.close()

    assert len({parse_mail(envelope.content).message_id for envelope in far.mails}) == 20
    assert far.connections <= MOST_CONNECTIONS


async def test_a_connection_that_was_hung_up_on_is_replaced(tmp_path: Path) -> None:
    async with a_far_server(timeout=0.2) as far:
        channel = channel_to(far.port, tmp_path)
        await channel.send(mail(1))
        [(_, idle)] = channel._transport._idle
        while idle.is_connected:
            await asyncio.sleep(0.01)

        await channel.send(mail(2))
        await channel.close()

    assert len(far.mails) == 2


@pytest.mark.parametrize(
    ("rcpt", "data", "permanent"),
    [
        ("550 5.1.1 no such user", "250 OK", True),
        ("450 4.2.0 greylisted", "250 OK", False),
        ("", "554 5.7.1 spam", True),
        ("", "452 4.3.1 disk full", False),
        ("", "421 4.3.2 going down", False),
    ],
)
async def test_a_refusal_says_whether_to_try_again(
    tmp_path: Path, rcpt: str, data: str, permanent: bool
) -> None:
    async with a_far_server() as far:
        far.rcpt, far.data = rcpt, data
        channel = channel_to(far.port, tmp_path)

        with pytest.raises(DeliveryFailed) as failure:
            await channel.send(mail())
        await channel.close()

    assert failure.value.permanent is permanent
    assert far.mails == []


async def test_a_mail_after_a_refused_one_goes_through(tmp_path: Path) -> None:
    async with a_far_server() as far:
        far.rcpt = "550 5.1.1 no such user"
        channel = channel_to(far.port, tmp_path)
        with pytest.raises(DeliveryFailed):
            await channel.send(mail(1))
        far.rcpt = ""

        await channel.send(mail(2))
        await channel.close()

    assert len(far.mails) == 1
    assert far.connections == 1


async def test_a_server_that_is_away_is_tried_again(tmp_path: Path) -> None:
    channel = channel_to(1, tmp_path)

    with pytest.raises(DeliveryFailed) as failure:
        await channel.send(mail())

    assert not failure.value.permanent


@pytest.mark.parametrize("address", ["ann", "a@b.test\r\nRCPT TO:<x@y.test>", ""])
async def test_what_is_no_address_fails_for_good(tmp_path: Path, address: str) -> None:
    channel = channel_to(1, tmp_path)

    with pytest.raises(DeliveryFailed) as failure:
        await channel.send(mail(address=address))

    assert failure.value.permanent


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(tmp_path: Path) -> None:
    async with a_far_server(enable_SMTPUTF8=True) as modern, a_far_server() as old:
        channels = [channel_to(far.port, tmp_path) for far in (modern, old)]

        await channels[0].send(mail(address="王@例子.test"))
        with pytest.raises(DeliveryFailed) as failure:
            await channels[1].send(mail(address="王@例子.test"))
        for channel in channels:
            await channel.close()

    assert modern.mails[0].rcpt_tos == ["王@例子.test"]
    assert failure.value.permanent


async def test_without_a_server_mails_become_files_once_each(tmp_path: Path) -> None:
    settings = mail_settings(folder=tmp_path / "mail")
    channel = build_email_channel(settings, LocalStorage(tmp_path), now=lambda: NOON)

    await channel.send(mail(1))
    await channel.send(mail(1))
    await channel.send(mail(2, idempotency_key="reply/../2"))

    files = sorted((tmp_path / "mail").iterdir())
    assert len(files) == 2
    assert all(file.suffix == ".eml" for file in files)
    assert parse_mail(files[0].read_bytes()).text == "你好"
