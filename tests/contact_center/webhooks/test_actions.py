"""An event and the calls it owes are written together, in two statements."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event as sa_event
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.deliveries.rules import attempts_for
from contact_center.events.actions import record, record_all
from contact_center.events.rules import SYSTEM, agent
from contact_center.webhooks.actions import fan_out
from contact_center.webhooks.models import Endpoint
from contact_center.webhooks.rules import EventRow
from tests.support.fakes import FakeClock


async def add_endpoint(
    session: AsyncSession, clock: FakeClock, *kinds: str, active: bool = True
) -> Endpoint:
    endpoint = Endpoint(
        url="https://shop.example/hook",
        event_kinds=list(kinds) or ["*"],
        secrets=[],
        active=active,
        created_at=clock(),
    )
    session.add(endpoint)
    await session.flush()
    return endpoint


async def waiting(session: AsyncSession) -> list[Delivery]:
    return list(await session.scalars(select(Delivery).order_by(Delivery.id)))


@contextmanager
def statements(session: AsyncSession) -> Iterator[list[str]]:
    seen: list[str] = []
    engine = session.get_bind()

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    sa_event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa_event.remove(engine, "before_cursor_execute", note)


def happened(clock: FakeClock, count: int) -> list[EventRow]:
    return [
        EventRow(id=n, kind="agent.came", at=clock(), actor="agent:1", ticket_id=None, data={})
        for n in range(1, count + 1)
    ]


async def test_a_recorded_event_leaves_a_call_for_each_listener(
    session: AsyncSession, clock: FakeClock
) -> None:
    first = await add_endpoint(session, clock, "agent.*")
    second = await add_endpoint(session, clock, "*")
    await add_endpoint(session, clock, "ticket.*")
    await add_endpoint(session, clock, "*", active=False)

    await record(session, "agent.came", actor=agent(3), now=clock(), data={"team": 2})

    calls = await waiting(session)
    assert [call.endpoint_id for call in calls] == [first.id, second.id]
    [call, _] = calls
    assert (call.channel, call.kind, call.address) == ("webhook", "webhook", first.url)
    assert call.status is DeliveryStatus.PENDING
    assert call.max_attempts == attempts_for("webhook") >= 8
    assert call.payload["extra"] == {"endpoint_id": first.id}
    said = json.loads(call.payload["text"])
    assert said["type"] == "agent.came"
    assert said["data"]["actor"] == "agent:3"
    assert said["data"]["details"] == {"team": 2}
    assert call.idempotency_key == f"webhook:{first.id}:{said['data']['event_id']}"


async def test_calls_about_one_ticket_keep_their_order_and_others_do_not_wait(
    session: AsyncSession, clock: FakeClock
) -> None:
    await add_endpoint(session, clock)
    await fan_out(session, events=happened(clock, 2), now=clock())
    keys = [call.order_key for call in await waiting(session)]
    assert len(set(keys)) == 2


async def test_it_takes_two_statements_however_many_events(
    session: AsyncSession, clock: FakeClock
) -> None:
    for _ in range(3):
        await add_endpoint(session, clock)
    with statements(session) as seen:
        await fan_out(session, events=happened(clock, 200), now=clock())
    assert sum(statement.startswith("SELECT") for statement in seen) == 1
    # A driver may send a long insert in pages.
    assert all("INSERT INTO deliveries" in statement for statement in seen[1:])
    assert len(await waiting(session)) == 600


async def test_when_nobody_listens_it_takes_one_look(
    session: AsyncSession, clock: FakeClock
) -> None:
    with statements(session) as seen:
        await fan_out(session, events=happened(clock, 200), now=clock())
    assert len(seen) == 1


async def test_a_batch_of_events_is_called_out_with_the_ids_of_the_log(
    session: AsyncSession, clock: FakeClock
) -> None:
    await add_endpoint(session, clock, "agent.went")
    row = {"ticket_id": None, "seq": None, "actor": SYSTEM, "data": {}, "at": clock()}
    later = {**row, "at": clock() + timedelta(seconds=1)}
    await record_all(session, [{**row, "kind": "agent.came"}, {**later, "kind": "agent.went"}])
    [call] = await waiting(session)
    assert json.loads(call.payload["text"])["data"]["event_id"] == 2
