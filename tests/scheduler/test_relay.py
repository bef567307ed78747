import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from contact_center.bus import Bus
from contact_center.channels.base import DeliveryFailed, Outgoing
from contact_center.db import Database
from contact_center.deliveries import actions, queries
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.settings import DeliverySettings
from contact_center.webhooks.actions import call_row
from contact_center.webhooks.models import Endpoint
from scheduler import relay
from scheduler.relay import Relay
from tests.support.fakes import FakeChannel
from tests.support.patience import PATIENCE

LEASE = timedelta(seconds=60)


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
async def runtime(runtime, channel, database_url):
    bus = Bus()
    db = Database(database_url, on_commit=bus.publish)
    yield replace(runtime, bus=bus, db=db, channels={"chat": channel})
    await db.dispose()


@asynccontextmanager
async def running(runtime, owner="node"):
    node = Relay(runtime, owner=owner)
    task = asyncio.create_task(node.run())
    try:
        yield node
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def enqueue(runtime, *texts, order_key="c1", kind="reply", channel="chat") -> None:
    async with runtime.db.begin() as session:
        for text in texts:
            await actions.enqueue(
                session,
                Outgoing(idempotency_key=f"key {text}", address="ann", text=text),
                channel=channel,
                order_key=order_key,
                kind=kind,
                now=runtime.now(),
            )


def with_deliveries(runtime, **chosen):
    deliveries = DeliverySettings(**chosen)
    return replace(runtime, settings=runtime.settings.model_copy(update={"deliveries": deliveries}))


async def deliveries(runtime) -> list[Delivery]:
    async with runtime.db.read() as session:
        return list(await session.scalars(select(Delivery).order_by(Delivery.id)))


async def until(condition) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.01)


def all_in(runtime, status):
    async def condition() -> bool:
        return all(d.status is status for d in await deliveries(runtime))

    return condition


async def test_messages_of_one_conversation_leave_one_after_another(runtime, channel) -> None:
    async with running(runtime):
        await enqueue(runtime, *"abcdef")
        await until(all_in(runtime, DeliveryStatus.SENT))

    assert [message.text for message in channel.sent] == list("abcdef")


async def test_a_failed_attempt_is_made_again_later_and_holds_up_only_its_conversation(
    runtime, channel, clock
) -> None:
    channel.failures = [DeliveryFailed("busy")]
    await enqueue(runtime, "a", "b")
    async with running(runtime):

        async def failed_once() -> bool:
            return (await deliveries(runtime))[0].last_error == "busy"

        await until(failed_once)
        await enqueue(runtime, "c", order_key="c2")

        async def other_is_recorded() -> bool:  # or it were sent again when its lease is over
            return (await deliveries(runtime))[2].status is DeliveryStatus.SENT

        await until(other_is_recorded)
        assert [m.text for m in channel.sent] == ["c"]
        clock.advance(minutes=1)
        runtime.bus.publish(["deliveries"])
        await until(all_in(runtime, DeliveryStatus.SENT))

    assert [message.text for message in channel.sent] == ["c", "a", "b"]
    assert (await deliveries(runtime))[0].attempts == 2


async def test_a_permanent_failure_is_given_up_on_until_somebody_retries(runtime, channel) -> None:
    channel.failures = [DeliveryFailed("no such address", permanent=True)]
    await enqueue(runtime, "a")
    async with running(runtime):
        await until(all_in(runtime, DeliveryStatus.DEAD))
        async with runtime.db.begin() as session:
            await actions.retry(session, 1, now=runtime.now())
        await until(all_in(runtime, DeliveryStatus.SENT))

    assert [message.text for message in channel.sent] == ["a"]


async def test_a_channel_that_is_not_set_up_is_said_and_tried_again(runtime) -> None:
    await enqueue(runtime, "a", channel="pigeon")
    async with running(runtime):

        async def explained() -> bool:
            return bool((await deliveries(runtime))[0].last_error)

        await until(explained)

    [delivery] = await deliveries(runtime)
    assert delivery.status is DeliveryStatus.PENDING
    assert delivery.last_error == "channel pigeon is not set up"


async def test_a_lease_whose_owner_died_runs_out(runtime, channel, clock) -> None:
    await enqueue(runtime, "a")
    async with runtime.db.begin() as session:
        assert (
            len(await actions.claim(session, "chat", owner="dead", lease=LEASE, now=clock())) == 1
        )
    async with runtime.db.begin() as session:
        assert await actions.claim(session, "chat", owner="other", lease=LEASE, now=clock()) == []

    clock.advance(seconds=(LEASE + timedelta(seconds=1)).total_seconds())
    async with running(runtime):
        await until(all_in(runtime, DeliveryStatus.SENT))

    assert [message.idempotency_key for message in channel.sent] == ["key a"]


async def test_a_late_result_of_a_lost_lease_changes_nothing(runtime, clock) -> None:
    await enqueue(runtime, "a")
    async with runtime.db.begin() as session:
        [mine] = await actions.claim(session, "chat", owner="slow", lease=LEASE, now=clock())
    clock.advance(minutes=2)
    async with runtime.db.begin() as session:
        await actions.claim(session, "chat", owner="other", lease=LEASE, now=clock())

    async with runtime.db.begin() as session:
        attempt = actions.Attempt(mine, network_id="late")
        await actions.settle(session, [attempt], owner="slow", now=clock(), random=runtime.random)

    [delivery] = await deliveries(runtime)
    assert (delivery.status, delivery.lease_owner) == (DeliveryStatus.LEASED, "other")


@pytest.mark.race
async def test_two_relays_send_everything_once_and_in_order(runtime, channel, database_url) -> None:
    second_bus = Bus()
    second = replace(
        runtime, bus=second_bus, db=Database(database_url, on_commit=second_bus.publish)
    )
    async with running(runtime, "one"), running(second, "two"):
        for number in range(20):
            await enqueue(runtime, *(f"{number}.{i}" for i in range(5)), order_key=f"c{number}")
        second_bus.publish(["deliveries"])
        await until(all_in(runtime, DeliveryStatus.SENT))

    texts = [message.text for message in channel.sent]
    await second.db.dispose()
    assert len(texts) == len(set(texts)) == 100
    for number in range(20):
        assert [t for t in texts if t.startswith(f"{number}.")] == [
            f"{number}.{i}" for i in range(5)
        ]


async def test_stopping_finishes_what_is_in_flight(runtime, channel) -> None:
    release = asyncio.Event()
    started = asyncio.Event()

    class Slow:
        async def send(self, message: Outgoing) -> str:
            started.set()
            await release.wait()
            return "slow"

    runtime = replace(runtime, channels={"chat": Slow()})
    await enqueue(runtime, "a")
    node = Relay(runtime, owner="node")
    task = asyncio.create_task(node.run())
    await asyncio.wait_for(started.wait(), PATIENCE)

    task.cancel()
    release.set()
    await asyncio.gather(task, return_exceptions=True)

    assert (await deliveries(runtime))[0].status is DeliveryStatus.SENT


async def test_a_network_that_hangs_does_not_hold_up_another(runtime, channel) -> None:
    let_go = asyncio.Event()

    class Hanging:
        async def send(self, message: Outgoing) -> None:
            await let_go.wait()

    runtime = replace(runtime, channels={"chat": channel, "hanging": Hanging()})
    for number in range(300):
        await enqueue(runtime, f"h{number}", order_key=f"h{number}", channel="hanging")
    await enqueue(runtime, "a")
    async with running(runtime):

        async def arrived() -> bool:
            return [message.text for message in channel.sent] == ["a"]

        await until(arrived)
        let_go.set()


async def test_what_cannot_be_recorded_at_once_is_recorded_later_and_not_sent_again(
    runtime, channel, monkeypatch
) -> None:
    settle, failures = actions.settle, [OSError("gone"), OSError("gone")]

    async def shaky(*args, **options) -> None:
        if failures:
            raise failures.pop()
        await settle(*args, **options)

    monkeypatch.setattr(relay.actions, "settle", shaky)
    monkeypatch.setattr(relay, "PAUSE_AFTER_ERROR", 0.01)
    await enqueue(runtime, "a")
    async with running(runtime):
        await until(all_in(runtime, DeliveryStatus.SENT))

    assert [message.text for message in channel.sent] == ["a"]


async def test_what_cannot_be_recorded_before_the_lease_ends_is_named(
    runtime, channel, monkeypatch, caplog
) -> None:
    async def broken(*args, **options) -> None:
        raise OSError("gone")

    monkeypatch.setattr(relay.actions, "settle", broken)
    monkeypatch.setattr(relay, "PAUSE_AFTER_ERROR", 0.01)
    await enqueue(runtime, "a")
    async with running(with_deliveries(runtime, lease_seconds=1)):

        async def named() -> bool:
            return "deliveries may be sent again" in caplog.text

        await until(named)


async def test_no_more_is_claimed_than_a_slow_channel_sends_within_its_lease(runtime) -> None:
    slow = with_deliveries(runtime, lease_seconds=60, per_second={"chat": 0.1})
    for number in range(10):
        await enqueue(runtime, f"{number}", order_key=f"c{number}")
    await enqueue(runtime, "mail", order_key="m", channel="email")
    node = Relay(slow, owner="node")

    assert await node.step() == 1 + 1 + 3  # the mail, a burst of one, and three in half a minute
    assert await node.step() == 0

    for task in list(node._sending):
        task.cancel()


async def test_nothing_is_sent_when_its_lease_has_nearly_run_out(runtime, channel, clock) -> None:
    await enqueue(runtime, "a")
    node = Relay(runtime, owner="node")
    async with runtime.db.begin() as session:
        [delivery] = await actions.claim(session, "chat", owner="node", lease=LEASE, now=clock())
    long_ago = asyncio.get_running_loop().time() - 50

    await node._deliver(relay.Claim(delivery, at=long_ago, turn=long_ago))

    assert channel.sent == []


def test_a_channel_that_may_send_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        DeliverySettings(per_second={"chat": 0})


async def test_what_waits_behind_a_failing_message_is_due_with_it(runtime, clock) -> None:
    await enqueue(runtime, "a", *(f"{number}" for number in range(500)), order_key="failing")
    await enqueue(runtime, "other")
    async with runtime.db.begin() as session:
        first, other = await actions.claim(session, "chat", owner="node", lease=LEASE, now=clock())
        failed = actions.Attempt(first, failure=DeliveryFailed("busy", retry_after=3600))
        ended = [failed, actions.Attempt(other)]
        await actions.settle(session, ended, owner="node", now=clock(), random=runtime.random)

    async with runtime.db.begin() as session:
        assert await actions.claim(session, "chat", owner="node", lease=LEASE, now=clock()) == []

    async with runtime.db.read() as session:
        assert await queries.due_lanes(session) == {"chat": clock() + timedelta(hours=1)}
    clock.advance(hours=1)
    async with runtime.db.begin() as session:
        [again] = await actions.claim(session, "chat", owner="node", lease=LEASE, now=clock())
    assert again.id == first.id


async def test_an_endpoint_that_hangs_does_not_hold_up_another(runtime, db, clock) -> None:
    let_go = asyncio.Event()

    class Hanging:
        def __init__(self) -> None:
            self.sent: list[str] = []

        async def send(self, message: Outgoing) -> None:
            if message.address == "https://hangs.example":
                await let_go.wait()
            self.sent.append(message.address)

    hooks = Hanging()
    runtime = replace(runtime, channels={"webhook": hooks})
    urls = ["https://hangs.example", "https://works.example"]
    async with runtime.db.begin() as session:
        endpoints = [
            Endpoint(url=url, event_kinds=[], secrets=[], created_at=clock()) for url in urls
        ]
        session.add_all(endpoints)
        await session.flush()
        calls = [(endpoints[0], number) for number in range(60)] + [(endpoints[1], 60)]
        rows = [
            call_row(endpoint_id=one.id, url=one.url, key=f"{number}", body="{}", now=clock())
            for one, number in calls
        ]
        await actions.enqueue_all(session, rows)
    async with running(runtime) as node:

        async def arrived() -> bool:
            return hooks.sent == [urls[1]]

        await until(arrived)
        assert sum(one.lane == "webhook:1" for one in node._sending.values()) <= 10
        let_go.set()
