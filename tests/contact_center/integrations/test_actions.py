"""Endpoints are set up, changed and replayed, and the log says by whom."""

import json
from datetime import timedelta
from random import SystemRandom
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.db import Database
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.errors import Conflict, Invalid, NotFound
from contact_center.events.actions import record
from contact_center.events.models import Event
from contact_center.events.rules import agent
from contact_center.integrations import actions
from contact_center.settings import Webhooks
from contact_center.webhooks import queries, rules
from contact_center.webhooks.models import Endpoint
from tests.support.fakes import FakeClock

ADMIN = agent(1)
RANDOM = SystemRandom()


async def create(session: AsyncSession, clock: FakeClock, **changes: Any) -> Endpoint:
    wanted = {
        "url": "https://shop.example/hook?key=hush",
        "event_kinds": ["agent.*"],
        "description": "the shop",
    }
    return await actions.create_endpoint(
        session, **wanted | changes, by=ADMIN, now=clock(), random=RANDOM, settings=Webhooks()
    )


async def log(session: AsyncSession) -> list[Event]:
    return list(await session.scalars(select(Event).order_by(Event.id)))


async def calls(session: AsyncSession, endpoint: Endpoint) -> list[Delivery]:
    return list(reversed(await queries.deliveries_to(session, endpoint.id)))


async def three_calls(session: AsyncSession, clock: FakeClock) -> tuple[Endpoint, list[Delivery]]:
    """Sent, given up on, waiting: an hour apart."""
    endpoint = await create(session, clock)
    for _ in range(3):
        clock.advance(hours=1)
        await record(session, "agent.came", actor=ADMIN, now=clock())
    sent, dead, waiting = found = await calls(session, endpoint)
    sent.status, sent.attempts, sent.sent_at = DeliveryStatus.SENT, 1, clock()
    dead.status, dead.attempts = DeliveryStatus.DEAD, 10
    await session.flush()
    assert waiting.status is DeliveryStatus.PENDING
    return endpoint, found


async def test_an_endpoint_is_created_with_a_secret_of_its_own(
    session: AsyncSession, clock: FakeClock
) -> None:
    first, second = await create(session, clock), await create(session, clock)
    assert first.active
    [one], [other] = (rules.signing(e.secrets, now=clock()) for e in (first, second))
    assert one.startswith("whsec_")
    assert one != other


async def test_the_log_says_who_and_keeps_address_and_secret_to_itself(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint = await create(session, clock)
    await actions.edit_endpoint(
        session,
        endpoint.id,
        url="https://shop.example/new?key=hush",
        by=ADMIN,
        now=clock(),
        settings=Webhooks(),
    )
    await actions.rotate_secret(session, endpoint.id, by=ADMIN, now=clock(), random=RANDOM)
    await actions.delete_endpoint(session, endpoint.id, by=ADMIN, now=clock())
    events = await log(session)
    assert [event.kind for event in events] == [
        "webhook.created",
        "webhook.edited",
        "webhook.rotated",
        "webhook.deleted",
    ]
    assert {event.actor for event in events} == {"agent:1"}
    told = json.dumps([event.data for event in events])
    assert "hush" not in told
    assert "whsec_" not in told


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://shop.example/"},
        {"url": "https://127.0.0.1/"},
        {"url": "https://169.254.169.254/"},
        {"event_kinds": []},
        {"event_kinds": ["*.*"]},
    ],
)
async def test_what_could_never_be_called_is_refused(
    session: AsyncSession, clock: FakeClock, changes: dict[str, Any]
) -> None:
    with pytest.raises(Invalid):
        await create(session, clock, **changes)


async def test_editing_changes_what_is_given_and_leaves_the_rest(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint = await create(session, clock)
    await actions.edit_endpoint(
        session, endpoint.id, active=False, by=ADMIN, now=clock(), settings=Webhooks()
    )
    assert (endpoint.active, endpoint.description) == (False, "the shop")
    assert (await log(session))[-1].data["changed"] == ["active"]


async def test_an_edit_that_changes_nothing_is_not_logged(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint = await create(session, clock)
    await actions.edit_endpoint(
        session, endpoint.id, active=True, by=ADMIN, now=clock(), settings=Webhooks()
    )
    assert len(await log(session)) == 1


async def test_an_endpoint_that_was_disabled_can_be_enabled_again(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint = await create(session, clock)
    await actions.disable_endpoint(session, endpoint.id, reason="gone", by=ADMIN, now=clock())
    assert (endpoint.active, endpoint.disabled_reason) == (False, "gone")
    await actions.edit_endpoint(
        session, endpoint.id, active=True, by=ADMIN, now=clock(), settings=Webhooks()
    )
    assert (endpoint.active, endpoint.disabled_reason) == (True, "")


async def test_a_deleted_endpoint_takes_its_calls_with_it(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint, _ = await three_calls(session, clock)
    await actions.delete_endpoint(session, endpoint.id, by=ADMIN, now=clock())
    session.expunge_all()
    assert await calls(session, endpoint) == []
    with pytest.raises(NotFound):
        await queries.get_endpoint(session, endpoint.id)


async def test_a_test_call_is_sent_to_this_endpoint_whatever_it_listens_to(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint = await create(session, clock, event_kinds=["ticket.*"])
    for _ in range(2):
        await actions.send_test(session, endpoint.id, by=ADMIN, now=clock(), random=RANDOM)
    first, second = await calls(session, endpoint)
    assert json.loads(first.payload["text"])["type"] == "webhook.test"
    assert first.idempotency_key != second.idempotency_key


async def test_a_disabled_endpoint_is_not_tested(session: AsyncSession, clock: FakeClock) -> None:
    endpoint = await create(session, clock)
    endpoint.active = False
    with pytest.raises(Conflict, match="disabled"):
        await actions.send_test(session, endpoint.id, by=ADMIN, now=clock(), random=RANDOM)


async def test_one_call_is_made_again_under_its_old_id(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint, (sent, dead, waiting) = await three_calls(session, clock)
    key = sent.idempotency_key
    await actions.retry(session, endpoint.id, sent.id, by=ADMIN, now=clock())
    for call in (sent, dead):
        await session.refresh(call)
    assert (sent.status, sent.attempts, sent.idempotency_key) == (DeliveryStatus.PENDING, 0, key)
    assert dead.status is DeliveryStatus.DEAD
    with pytest.raises(Conflict):
        await actions.retry(session, endpoint.id, waiting.id, by=ADMIN, now=clock())


async def test_a_call_of_another_endpoint_is_not_found(
    session: AsyncSession, clock: FakeClock
) -> None:
    _, (sent, *_) = await three_calls(session, clock)
    other = await create(session, clock)
    with pytest.raises(NotFound):
        await actions.retry(session, other.id, sent.id, by=ADMIN, now=clock())


async def test_replaying_makes_calls_again_that_were_given_up_on(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint, (sent, dead, _) = await three_calls(session, clock)
    since = clock() - timedelta(hours=10)
    assert await actions.replay(session, endpoint.id, since=since, by=ADMIN, now=clock()) == 1
    for call in (sent, dead):
        await session.refresh(call)
    assert (dead.status, dead.attempts) == (DeliveryStatus.PENDING, 0)
    assert sent.status is DeliveryStatus.SENT
    assert (await log(session))[-1].data["deliveries"] == 1


async def test_everything_since_a_time_can_be_replayed(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint, (sent, dead, _) = await three_calls(session, clock)
    replay = {"everything": True, "by": ADMIN, "now": clock()}
    assert await actions.replay(session, endpoint.id, since=dead.created_at, **replay) == 1
    assert await actions.replay(session, endpoint.id, since=sent.created_at, **replay) == 1
    with pytest.raises(Invalid, match="30 days"):
        await actions.replay(
            session, endpoint.id, since=clock() - timedelta(days=31), by=ADMIN, now=clock()
        )


async def test_the_log_of_calls_is_read_page_by_page(
    session: AsyncSession, clock: FakeClock
) -> None:
    endpoint, (sent, dead, waiting) = await three_calls(session, clock)
    page = await queries.deliveries_to(session, endpoint.id, limit=2)
    assert [call.id for call in page] == [waiting.id, dead.id]
    page = await queries.deliveries_to(session, endpoint.id, before=dead.id, limit=2)
    assert [call.id for call in page] == [sent.id]
    page = await queries.deliveries_to(session, endpoint.id, status=DeliveryStatus.DEAD)
    assert [call.id for call in page] == [dead.id]


async def test_the_channel_sees_address_and_secrets_as_they_are_now(
    db: Database, clock: FakeClock
) -> None:
    async with db.begin() as session:
        endpoint = await create(session, clock)
        await actions.rotate_secret(session, endpoint.id, by=ADMIN, now=clock(), random=RANDOM)
    endpoints = actions.Endpoints(db, clock)
    target = await endpoints.find(endpoint.id)
    assert target is not None
    assert (target.url, len(target.secrets)) == (endpoint.url, 2)
    assert "hush" not in repr(target)
    clock.advance(hours=24)
    target = await endpoints.find(endpoint.id)
    assert target is not None
    assert len(target.secrets) == 1


async def test_the_channel_disables_an_endpoint_that_is_gone(
    db: Database, clock: FakeClock
) -> None:
    async with db.begin() as session:
        endpoint = await create(session, clock)
    endpoints = actions.Endpoints(db, clock)
    await endpoints.gone(endpoint.id)
    assert await endpoints.find(endpoint.id) is None
    assert await endpoints.find(999) is None
    async with db.read() as session:
        last = (await log(session))[-1]
    assert (last.kind, last.actor) == ("webhook.disabled", "system")
