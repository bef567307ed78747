"""What a window hears, and when."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bots.webchat.channel import WebchatChannel
from bots.webchat.stream import LOOK_EVERY, Cursor
from contact_center.bus import Bus
from contact_center.channels.base import Outgoing
from contact_center.messages.models import Message
from contact_center.web.sse import MOST_PER_OWNER
from tests.bots.webchat.conftest import Visitor
from tests.bots.webchat.desk import Desk
from tests.conftest import NOON
from tests.support.fakes import FakeClock
from tests.support.patience import PATIENCE

Hire = Callable[[str], Awaitable[int]]


async def test_a_new_visitor_hears_the_answer_to_his_first_message(visitor: Visitor) -> None:
    async with visitor.listens() as stream:
        assert await stream.until_ready() == []

        await visitor.writes("hello")

        async with asyncio.timeout(LOOK_EVERY / 2):  # before the next look without a hint
            mine, answer = await stream.next("message"), await stream.next("message")
    assert (mine["from"], mine["text"]) == ("customer", "hello")
    assert (answer["from"], answer["name"]) == ("bot", "Tea & Co")
    assert [button["value"] for button in answer["buttons"]] == ["question", "complaint", "tickets"]


async def test_a_reply_comes_with_the_name_of_who_wrote_it(
    visitor: Visitor, desk: Desk, agent: Hire
) -> None:
    ann = await agent("Ann")
    await visitor.writes("where is my parcel")
    async with visitor.listens() as stream:
        await stream.until_ready()

        await desk.says(visitor.id, "It is on its way.", agent_id=ann)

        reply = await stream.next("message")
        status = await stream.next("status")
    assert (reply["from"], reply["name"], reply["text"]) == ("agent", "Ann", "It is on its way.")
    assert status["ticket"]["owner"] == "Ann"


async def test_the_window_learns_reference_and_promised_time(
    visitor: Visitor, clock: FakeClock
) -> None:
    await visitor.writes("where is my parcel")

    async with visitor.listens() as stream:
        ticket = (await stream.next("status"))["ticket"]

    assert ticket["reference"].startswith("T-")
    assert ticket["words"] == "Received, a colleague will take it on"
    assert ticket["promised_at"] == (clock() + timedelta(minutes=1)).isoformat()


async def test_the_window_links_to_the_requests_own_page(visitor: Visitor) -> None:
    await visitor.writes("where is my parcel")
    async with visitor.listens() as stream:
        ticket = (await stream.next("status"))["ticket"]

    _, _, path = ticket["page"].partition("/t/")
    answer = await visitor.client.get(f"/t/{path}")

    assert answer.status == 200
    assert ticket["reference"] in await answer.text()


async def test_nobody_is_in_charge_while_the_dialogue_talks(visitor: Visitor) -> None:
    await visitor.writes("hello")

    async with visitor.listens() as stream:
        assert await stream.next("status") == {"ticket": None}


async def test_status_is_told_in_the_visitors_language(visitor: Visitor) -> None:
    await visitor.open(language="zh-CN")
    await visitor.writes("我的包裹在哪里")

    async with visitor.listens() as stream:
        assert (await stream.next("status"))["ticket"]["words"] == "已收到，等待同事受理"


async def test_notes_never_reach_the_customer(visitor: Visitor, desk: Desk) -> None:
    await visitor.writes("where is my parcel")
    await desk.says(visitor.id, "he is rude", note=True)
    await desk.says(visitor.id, "It is on its way.")

    async with visitor.listens() as stream:
        texts = [message["text"] for message in await stream.until_ready()]

    assert "he is rude" not in texts
    assert texts[-1] == "It is on its way."


async def test_a_stream_resumes_after_the_last_message_seen(
    visitor: Visitor, desk: Desk, clock: FakeClock
) -> None:
    await visitor.writes("where is my parcel")
    async with visitor.listens() as stream:
        seen = (await stream.until_ready())[-1]["id"]
    clock.advance(minutes=1)
    missed = await desk.says(visitor.id, "It is on its way.")
    clock.advance(minutes=1)

    async with visitor.listens(last_seen=seen) as stream:
        assert [message["id"] for message in await stream.until_ready()] == [missed]


async def test_a_long_conversation_is_caught_up_with_page_by_page(
    visitor: Visitor, desk: Desk, clock: FakeClock
) -> None:
    first = (await visitor.writes("where is my parcel"))["message_id"]
    clock.advance(minutes=1)
    missed = [await desk.says(visitor.id, f"{n}") for n in range(230)]

    async with visitor.listens(last_seen=first) as stream:
        heard = [message["id"] for message in await stream.until_ready()]

    assert heard[-230:] == missed


async def test_a_new_window_gets_the_end_of_a_long_conversation(
    visitor: Visitor, desk: Desk
) -> None:
    await visitor.writes("where is my parcel")
    for n in range(120):
        await desk.says(visitor.id, f"{n}")

    async with visitor.listens() as stream:
        texts = [message["text"] for message in await stream.until_ready()]

    assert len(texts) == 100
    assert texts[-1] == "119"


async def test_a_lost_hint_costs_a_moment_and_no_message(
    visitor: Visitor, desk: Desk, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visitor.writes("where is my parcel")
    monkeypatch.setattr("bots.webchat.stream.LOOK_EVERY", 0.05)
    async with visitor.listens() as stream:
        await stream.until_ready()
        monkeypatch.setattr(bus, "publish", lambda topics: None)
        desk.db._on_commit = None

        await desk.says(visitor.id, "It is on its way.")

        assert (await stream.next("message"))["text"] == "It is on its way."


async def test_typing_is_passed_on(visitor: Visitor, desk: Desk, bus: Bus, agent: Hire) -> None:
    await visitor.writes("where is my parcel")
    await desk.says(visitor.id, "One moment.", agent_id=await agent("Ann"))
    async with visitor.listens() as stream:
        await stream.until_ready()

        bus.publish(["typing:1"])

        assert await stream.next("typing") == {"name": "Ann"}


async def test_the_channel_wakes_the_open_windows(visitor: Visitor, bus: Bus) -> None:
    with bus.subscribe(f"visitor:{visitor.id}") as subscription:
        sent = await WebchatChannel(bus).send(
            Outgoing(idempotency_key="1", address=visitor.id, text="hi")
        )

        assert await subscription.wait(1) == {f"visitor:{visitor.id}"}
    assert sent is None


async def test_a_stream_needs_a_token(visitor: Visitor) -> None:
    answer = await visitor.client.get("/chat/stream")

    assert answer.status == 401


async def test_an_event_source_may_give_its_token_in_the_address(visitor: Visitor) -> None:
    answer = await visitor.client.get(f"/chat/stream?token={visitor.session['token']}")

    assert answer.content_type == "text/event-stream"
    answer.close()


async def test_a_visitor_cannot_hold_any_number_of_streams(visitor: Visitor) -> None:
    open_ones = [
        await visitor.client.get("/chat/stream", headers=visitor.headers)
        for _ in range(MOST_PER_OWNER)
    ]

    answer = await visitor.client.get("/chat/stream", headers=visitor.headers)

    assert answer.status == 429
    for stream in open_ones:
        stream.close()


async def test_streams_end_when_the_server_stops(
    visitor: Visitor, server: TestServer, app: web.Application
) -> None:
    async with visitor.listens() as stream:
        await stream.until_ready()

        await app.shutdown()

        async with asyncio.timeout(PATIENCE):
            rest = await stream.answer.content.read()
        assert b"data:" not in rest


def test_a_message_that_became_visible_late_is_still_news() -> None:
    cursor = Cursor(11, now=NOON)

    late = Message(id=10, created_at=NOON - timedelta(seconds=2))
    old = Message(id=9, created_at=NOON - timedelta(minutes=2))

    assert cursor.is_news(late)
    assert not cursor.is_news(old)
    cursor.note(late)
    assert not cursor.is_news(late)
    assert cursor.last == 11
