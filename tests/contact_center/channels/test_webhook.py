"""Calling other systems: signed, bounded, and never into a private network."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from contact_center.channels import webhook
from contact_center.channels.base import Button, Channel, DeliveryFailed, Outgoing
from contact_center.channels.targets import Target
from contact_center.channels.webhook import (
    PickUpChannel,
    PublicResolver,
    RepliesChannel,
    SignedCalls,
    WebhookChannel,
    seconds_to_wait,
)
from contact_center.settings import Webhooks
from contact_center.storage import StoredFile
from tests.support.patience import PATIENCE
from tests.support.receivers import FakeResolver, Receiver, running_receiver

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NEW, OLD = "whsec_" + "bmV3" * 8, "whsec_" + "b2xk" * 8
OPEN = Webhooks(allow_private_networks=True, allow_http=True, ports=[])
CLOSED = Webhooks(allow_http=True, ports=[])


@dataclass
class FakeTargets:
    url: str
    secrets: tuple[str, ...] = (NEW,)
    active: bool = True
    told_gone: list[int] = field(default_factory=list)

    async def find(self, endpoint_id: int) -> Target | None:
        return Target(self.url, self.secrets) if self.active else None

    async def gone(self, endpoint_id: int) -> None:
        self.told_gone.append(endpoint_id)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as receiver:
        yield receiver


@asynccontextmanager
async def channel_to(
    targets: FakeTargets,
    *,
    settings: Webhooks = OPEN,
    resolver: FakeResolver | None = None,
    timeout: float = 5.0,
    now: datetime = NOW,
) -> AsyncIterator[WebhookChannel]:
    calls = SignedCalls(settings=settings, now=lambda: now, resolver=resolver, timeout=timeout)
    try:
        yield WebhookChannel(calls, targets=targets)
    finally:
        await calls.close()


def call(text: str = '{"type":"ticket.claimed"}') -> Outgoing:
    return Outgoing(
        idempotency_key="webhook:7:42",
        address="https://the.row/says",
        text=text,
        extra={"endpoint_id": 7},
    )


async def failure(channel: Channel) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await channel.send(call())
    return caught.value


async def test_the_receiver_can_verify_what_it_gets(receiver: Receiver) -> None:
    async with channel_to(FakeTargets(receiver.url), now=datetime.now(UTC)) as channel:
        assert await channel.send(call('{"type":"ticket.claimed","who":"王"}')) == "HTTP 204"
    [(headers, body)] = receiver.calls
    assert Webhook(NEW).verify(body, headers) == {"type": "ticket.claimed", "who": "王"}
    assert headers["webhook-id"] == "webhook:7:42"
    assert headers["content-type"] == "application/json"


async def test_while_a_secret_is_rotated_both_verify(receiver: Receiver) -> None:
    targets = FakeTargets(receiver.url, secrets=(NEW, OLD))
    async with channel_to(targets, now=datetime.now(UTC)) as channel:
        await channel.send(call())
    [(headers, body)] = receiver.calls
    for held in (NEW, OLD):
        Webhook(held).verify(body, headers)


async def test_every_attempt_is_signed_anew_under_the_same_id(receiver: Receiver) -> None:
    receiver.will(500)
    async with channel_to(FakeTargets(receiver.url)) as channel:
        await failure(channel)
    async with channel_to(FakeTargets(receiver.url), now=NOW + timedelta(hours=5)) as channel:
        await channel.send(call())
    (first, _), (second, _) = receiver.calls
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5 * 3600
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.parametrize("status", [400, 401, 404, 408, 409, 422, 425, 429, 500, 502, 503])
async def test_an_error_is_tried_again_and_says_why(receiver: Receiver, status: int) -> None:
    receiver.will(status, text="no\n such\x00 thing")
    async with channel_to(FakeTargets(receiver.url)) as channel:
        failed = await failure(channel)
    assert not failed.permanent
    assert failed.retry_after is None
    assert str(failed) == f"HTTP {status}: no such thing"


async def test_gone_disables_the_endpoint(receiver: Receiver) -> None:
    receiver.will(410)
    targets = FakeTargets(receiver.url)
    async with channel_to(targets) as channel:
        assert (await failure(channel)).permanent
    assert targets.told_gone == [7]


async def test_a_disabled_endpoint_is_not_called(receiver: Receiver) -> None:
    async with channel_to(FakeTargets(receiver.url, active=False)) as channel:
        assert (await failure(channel)).permanent
    assert receiver.calls == []


async def test_the_receiver_says_when_to_come_back(receiver: Receiver) -> None:
    receiver.will(429, Retry_After="120")
    async with channel_to(FakeTargets(receiver.url)) as channel:
        assert (await failure(channel)).retry_after == 120


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0),
        ("30", 30),
        ("9" * 400, 24 * 3600),
        ("Mon, 02 Mar 2026 12:01:00 GMT", 60),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
        ("Mon, 02 Mar 2026 12:01:00", 60),
        ("Mon, 02 Mar 2099 12:00:00 GMT", 24 * 3600),
        ("Fri, 31 Dec 9999 23:59:59 -2300", 24 * 3600),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0),
        ("Mon, 02 Mar 99999999999999999999 12:00:00 GMT", None),
    ],
)
def test_retry_after(asked: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(asked, now=NOW) == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.will(status, Location=receiver.url)
    async with channel_to(FakeTargets(receiver.url)) as channel:
        assert "redirects" in str(await failure(channel))
    assert len(receiver.calls) == 1


async def test_a_slow_receiver_is_hung_up_on(receiver: Receiver) -> None:
    let_go = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b".")
        await let_go.wait()
        return response

    receiver.answers.append(drip)
    async with channel_to(FakeTargets(receiver.url), timeout=0.2) as channel:
        assert "no answer within 0.2 seconds" in str(await failure(channel))
    let_go.set()


async def test_only_the_start_of_a_huge_answer_is_read(receiver: Receiver) -> None:
    written = 0
    hung_up = asyncio.Event()

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
                written += 65536
        finally:
            hung_up.set()

    receiver.answers.append(flood)
    async with channel_to(FakeTargets(receiver.url)) as channel:
        failed = await failure(channel)
        await asyncio.wait_for(hung_up.wait(), PATIENCE)
    assert len(str(failed)) <= webhook.LONGEST_EXCERPT + len("HTTP 500: ")
    assert written < 50_000_000


async def test_a_compressed_answer_is_not_unpacked(receiver: Receiver) -> None:
    bomb = gzip.compress(b"A" * 10_000_000)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=500, body=bomb, headers={"Content-Encoding": "gzip"})

    receiver.answers.append(answer)
    async with channel_to(FakeTargets(receiver.url)) as channel:
        assert "AAAA" not in str(await failure(channel))


async def test_cookies_are_not_kept(receiver: Receiver) -> None:
    receiver.will(200, Set_Cookie="who=me")
    resolver = FakeResolver(shop_example=["127.0.0.1"])
    targets = FakeTargets(f"http://shop.example:{receiver.port}/hook")
    async with channel_to(targets, resolver=resolver) as channel:
        await channel.send(call())
        await channel.send(call())
    assert "cookie" not in receiver.calls[1][0]


async def test_a_name_is_looked_up_anew_for_every_connection(receiver: Receiver) -> None:
    receiver.will(200, Connection="close")
    resolver = FakeResolver(shop_example=["127.0.0.1"])
    targets = FakeTargets(f"http://shop.example:{receiver.port}/hook")
    async with channel_to(targets, resolver=resolver) as channel:
        await channel.send(call())
        await channel.send(call())
    assert resolver.asked == ["shop.example", "shop.example"]


async def test_a_closed_door_is_tried_again_and_the_address_stays_secret() -> None:
    targets = FakeTargets("http://127.0.0.1:1/hook?key=hush")
    async with channel_to(targets) as channel:
        failed = await failure(channel)
    assert not failed.permanent
    assert "hush" not in str(failed)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "10.0.0.1",
        "169.254.169.254",
        "localhost",
        "localhost.",
    ],
)
async def test_a_private_host_is_never_called(receiver: Receiver, host: str) -> None:
    targets = FakeTargets(f"http://{host}:{receiver.port}/hook")
    async with channel_to(targets, settings=CLOSED) as channel:
        assert (await failure(channel)).permanent
    assert receiver.calls == []


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["::1"], ["8.8.8.8", "127.0.0.1"], ["10.1.1.1", "8.8.8.8"]]
)
async def test_a_name_that_leads_inside_is_never_called(
    receiver: Receiver, addresses: list[str]
) -> None:
    resolver = FakeResolver(evil_example=addresses)
    targets = FakeTargets(f"http://evil.example:{receiver.port}/hook")
    async with channel_to(targets, settings=CLOSED, resolver=resolver) as channel:
        assert "not a public address" in str(await failure(channel))
    assert receiver.calls == []


async def test_a_name_is_looked_up_once_so_it_cannot_change_its_mind(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first look-up is judged public here; a second one would lead to the receiver.
    resolver = FakeResolver(evil_example=["203.0.113.1"])
    monkeypatch.setattr(webhook, "is_public", lambda address: address == "203.0.113.1")
    targets = FakeTargets(f"http://evil.example:{receiver.port}/hook")
    async with channel_to(targets, settings=CLOSED, resolver=resolver, timeout=0.3) as channel:
        sending = asyncio.ensure_future(failure(channel))
        while not resolver.asked:
            await asyncio.sleep(0)
        resolver.names["evil.example"] = ["127.0.0.1"]
        await sending
    assert resolver.asked == ["evil.example"]
    assert receiver.calls == []


async def test_the_socket_is_the_last_gate(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def careless(self: PublicResolver, host: str, port: int, family: int) -> object:
        return await self._inner.resolve(host, port, family)

    monkeypatch.setattr(PublicResolver, "resolve", careless)
    resolver = FakeResolver(evil_example=["127.0.0.1"])
    targets = FakeTargets(f"http://evil.example:{receiver.port}/hook")
    async with channel_to(targets, settings=CLOSED, resolver=resolver) as channel:
        assert "not a public address" in str(await failure(channel))
    assert receiver.calls == []


async def test_a_public_name_is_called_by_its_name(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "is_public", lambda address: address == "127.0.0.1")
    resolver = FakeResolver(shop_example=["127.0.0.1"])
    targets = FakeTargets(f"http://shop.example:{receiver.port}/hook")
    async with channel_to(targets, settings=CLOSED, resolver=resolver) as channel:
        assert await channel.send(call()) == "HTTP 204"
    assert receiver.calls[0][0]["host"] == f"shop.example:{receiver.port}"


async def test_an_answer_goes_back_to_the_system_the_message_came_from(receiver: Receiver) -> None:
    now = datetime.now(UTC)
    calls = SignedCalls(settings=OPEN, now=lambda: now)
    channel = RepliesChannel(calls, target=Target(receiver.url, [NEW]), now=lambda: now)
    reply = Outgoing(
        idempotency_key="reply-1",
        address="77",
        text="It is on its way, 王",
        subject="Re: Order",
        buttons=[Button("Solved", "yes")],
        attachments=[StoredFile("k", "label.pdf", "application/pdf", 9, "hash")],
        references=["m-1"],
        extra={"ticket_id": 5},
    )
    try:
        assert await channel.send(reply) == "HTTP 204"
    finally:
        await calls.close()
    [(headers, body)] = receiver.calls
    said = Webhook(NEW).verify(body, headers)
    assert said["type"] == "message.reply"
    assert said["data"] == {
        "id": "reply-1",
        "address": "77",
        "ticket_id": 5,
        "references": ["m-1"],
        "subject": "Re: Order",
        "text": "It is on its way, 王",
        "buttons": [{"label": "Solved", "value": "yes"}],
        "files": [{"name": "label.pdf", "content_type": "application/pdf", "size": 9}],
        "sender_name": None,
    }


async def test_a_source_that_says_gone_is_not_asked_again(receiver: Receiver) -> None:
    receiver.will(410)
    calls = SignedCalls(settings=OPEN, now=lambda: NOW)
    channel = RepliesChannel(calls, target=Target(receiver.url, [NEW]), now=lambda: NOW)
    try:
        assert (await failure(channel)).permanent
    finally:
        await calls.close()


async def test_answers_that_are_picked_up_are_not_sent() -> None:
    assert await PickUpChannel().send(call()) is None
