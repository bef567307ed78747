import asyncio

import pytest
from sqlalchemy import select

from bots.telegram import polling
from bots.telegram.front import WANTED, Front
from bots.telegram.polling import Poller
from contact_center.ledger.models import Quarantined
from tests.support.telegram import BOT_ID, message

ANN, BO = 77, 78


@pytest.fixture
def poller(runtime, connection):
    def poller(owner="one", handle=None):
        handle = handle or Front(runtime, connection).handle
        return Poller(runtime, connection, handle=handle, owner=owner, wanted=WANTED)

    return poller


@pytest.fixture(autouse=True)
def short_polls(monkeypatch):
    monkeypatch.setattr(polling, "LONG_POLL", 0)


async def test_what_telegram_holds_is_handed_in_and_then_confirmed(poller, server, inbox):
    await server.push(message(ANN, "one"))
    await server.push(message(BO, "two"))
    polling_node = poller()

    assert await polling_node.step() == 0
    assert sorted(inbound.text for inbound in inbox.messages) == ["one", "two"]
    assert len(server.updates) == 2  # not confirmed before the next question

    await polling_node.step()
    assert server.updates == []


async def test_a_crash_before_the_confirmation_loses_nothing_and_doubles_nothing(
    poller, server, inbox, runtime, clock
):
    for number in range(5):
        await server.push(message(ANN, str(number)))
    await poller("first").step()
    await server.push(message(ANN, "5"))
    clock.advance(seconds=polling.LEASE)  # the first node is gone

    successor = poller("second")
    await successor.step()
    await successor.step()

    assert inbox.texts(ANN) == ["0", "1", "2", "3", "4", "5"]
    assert inbox.received == 11
    assert server.updates == []


async def test_what_could_not_be_kept_comes_again_and_later_messages_of_the_chat_wait(
    poller, server, inbox
):
    for number in range(3):
        await server.push(message(ANN, str(number)))
    inbox.broken = RuntimeError("the database is away")
    node = poller()

    assert await node.step() > 0
    assert inbox.received == 0
    assert len(server.updates) == 3

    inbox.broken = None
    assert await node.step() == 0
    assert inbox.texts(ANN) == ["0", "1", "2"]


async def test_a_chat_that_fails_holds_up_no_other_and_nothing_is_handled_twice(
    poller, server, inbox, runtime, connection
):
    front, trouble, handled = Front(runtime, connection), {ANN}, []

    async def handle(update):
        handled.append((update.effective_chat.id, update.message.text))
        if update.effective_chat.id in trouble:
            raise RuntimeError("one chat has trouble")
        await front.handle(update)

    for number in range(2):
        await server.push(message(ANN, f"a{number}"))
        await server.push(message(BO, f"b{number}"))
    node = poller(handle=handle)
    await node.step()
    assert inbox.texts(BO) == ["b0", "b1"]

    trouble.clear()
    await node.step()
    await node.step()

    assert inbox.texts(ANN) == ["a0", "a1"]
    assert handled.count((BO, "b0")) == 1
    assert server.updates == []


async def test_an_update_that_always_fails_is_put_aside_and_the_chat_goes_on(
    poller, server, inbox, runtime, connection
):
    front = Front(runtime, connection)

    async def handle(update):
        if update.message.text == "poison":
            raise RuntimeError("always")
        await front.handle(update)

    await server.push(message(ANN, "poison"))
    await server.push(message(ANN, "fine"))
    node = poller(handle=handle)
    for _ in range(polling.MOST_TRIES - 1):
        assert await node.step() > 0
    assert inbox.texts(ANN) == []

    assert await node.step() == 0
    await node.step()

    assert inbox.texts(ANN) == ["fine"]
    assert server.updates == []
    async with runtime.db.read() as session:
        [kept] = await session.execute(select(Quarantined.channel, Quarantined.payload))
    assert (kept.channel, "poison" in kept.payload["text"]) == ("telegram", True)


async def test_an_update_that_cannot_be_read_is_passed_over(poller, server, inbox, caplog):
    await server.push({"message": {"text": "no number, no chat, no date"}})
    await server.push(message(ANN, "fine"))
    node = poller()

    await node.step()
    await node.step()

    assert inbox.texts(ANN) == ["fine"]
    assert server.updates == []
    assert "an update cannot be read" in caplog.text
    assert "no chat" not in caplog.text


async def test_one_node_polls_and_another_takes_over_when_it_stops(poller, server, inbox, runtime):
    first, second = poller("first"), poller("second")
    await first.step()
    assert await second.step() == polling.STANDBY

    await first._hand_over()
    await server.push(message(ANN, "hello"))

    assert await second.step() == 0
    assert inbox.texts(ANN) == ["hello"]


async def test_a_webhook_that_is_set_is_removed_without_losing_what_waits(poller, server, inbox):
    server.webhook = {"url": "https://old.example"}
    await server.push(message(ANN, "hello"))

    await poller().step()

    assert server.webhook == {}
    assert server.called("deleteWebhook")[0].parameters["drop_pending_updates"] == "false"
    assert inbox.texts(ANN) == ["hello"]


async def test_a_webhook_set_while_polling_is_removed_after_a_pause(poller, server, inbox):
    node = poller()
    await node.step()
    server.webhook = {"url": "https://other.example"}
    await server.push(message(ANN, "hello"))

    assert await node.step() == polling.CONFLICT
    assert await node.step() == 0
    assert inbox.texts(ANN) == ["hello"]


@pytest.mark.parametrize(
    ("status", "more", "pause"),
    [(429, {"retry_after": 9}, 9), (401, {}, polling.BAD_TOKEN), (502, {}, 1.0)],
)
async def test_the_pause_after_a_failure_fits_the_failure(poller, server, status, more, pause):
    server.fail("getUpdates", status, "no", **more)

    assert await poller().step() == pause


async def test_failures_in_a_row_pause_longer_up_to_a_minute(poller, server):
    node = poller()
    for _ in range(12):
        server.fail("getUpdates", 502, "Bad Gateway")

    pauses = [await node.step() for _ in range(12)]

    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == polling.LONGEST_PAUSE
    assert await node.step() == 0


async def test_a_running_node_hands_in_what_comes_while_it_waits(
    poller, server, inbox, monkeypatch, runtime
):
    monkeypatch.setattr(polling, "LONG_POLL", 20)
    task = asyncio.create_task(poller().run())
    await server.until(lambda: server.polls == 1)
    await server.push(message(ANN, "hello"))
    await server.until(lambda: server.polls == 2)

    assert inbox.texts(ANN) == ["hello"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await poller("next").step() == 0  # the lease was released


async def test_order_is_kept_in_every_chat_under_load(poller, server, inbox):
    for number in range(25):
        for chat in range(1, 21):
            await server.push(message(chat, str(number)))
    node = poller()
    while server.updates:
        await node.step()

    for chat in range(1, 21):
        assert inbox.texts(chat) == [str(number) for number in range(25)]
    assert all(inbound.external_id.startswith(f"{BOT_ID}:") for inbound in inbox.messages)
