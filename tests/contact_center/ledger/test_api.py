"""Leads look after messages that could not become part of a ticket."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from contact_center.app import build_app
from contact_center.channels.base import Inbound, Sender
from contact_center.channels.dialogue import Step, Turn
from contact_center.db import Database
from contact_center.events.models import Event
from contact_center.intake.actions.taking import Intake
from contact_center.ledger import actions, queries
from contact_center.ledger.models import Outcome
from contact_center.messages.models import Message
from contact_center.runtime import Runtime
from contact_center.switchboard import Rule, Switchboard
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR
from tests.support.calendars import POLICIES
from tests.support.callers import BEARER, OneToken
from tests.support.factories import inbound
from tests.support.fakes import FakeClock
from tests.support.inboxes import with_intake

PATH = "/api/v1/quarantine"


def silent(state: Any, turn: Turn) -> Step:
    return Step(state={})


@pytest.fixture
async def ready(runtime: Runtime, db: Database, clock: FakeClock) -> AsyncIterator[Runtime]:
    intake = Intake(
        policies=POLICIES,
        db=db,
        settings=runtime.settings,
        texts=runtime.texts,
        routes=Switchboard(rules=[Rule("Service")]),
        dialogue=silent,
        now=clock,
    )
    async with with_intake(runtime, intake) as ready:
        yield ready


@pytest.fixture
async def client(ready: Runtime) -> AsyncIterator[Any]:
    app = build_app(ready)
    app[AUTHENTICATOR] = OneToken(Permission.QUARANTINE)
    async with TestClient(TestServer(app), headers=BEARER) as client:
        yield client


async def ask(client: Any, method: str, path: str = "", **options: Any) -> tuple[int, Any]:
    async with client.request(method, PATH + path, **options) as response:
        return response.status, await response.json() if response.content_length else None


async def hand_in(ready: Runtime, **fields: Any) -> Inbound:
    sent = inbound(**{"text": "", "original": '{"body": "Help"}', **fields})
    receipt = await ready.inbox.submit(sent)
    assert receipt.outcome == Outcome.QUARANTINED
    return sent


async def only_id(client: Any) -> int:
    _, page = await ask(client, "GET")
    [kept] = page["items"]
    return kept["id"]


async def count_messages(db: Database) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(Message)) or 0


async def test_a_message_is_shown_with_its_reason_and_all_that_came(client, ready) -> None:
    await hand_in(ready)
    number = await only_id(client)
    status, shown = await ask(client, "GET", f"/{number}")
    assert status == 200
    assert shown["reason"] == "the message is empty"
    assert shown["payload"]["original"] == '{"body": "Help"}'


async def test_a_message_is_released_with_what_it_lacked(client, ready, db) -> None:
    sent = await hand_in(ready, sender=Sender(address=""), thread="")
    body = {"text": "Help", "address": "ann"}
    status, released = await ask(client, "POST", f"/{await only_id(client)}/release", json=body)
    assert (status, released["outcome"]) == (200, "ticketed")
    assert (await ask(client, "GET"))[1]["items"] == []
    async with db.read() as session:
        assert await queries.arrivals_by_outcome(session) == {Outcome.TICKETED: 1}
        events = (await session.scalars(select(Event).order_by(Event.id))).all()
    assert (events[-1].kind, events[-1].actor) == ("quarantine.released", "token:3")
    # The network may still send it again.
    again = await ready.inbox.submit(sent)
    assert (again.duplicate, again.ticket_id) == (True, released["ticket_id"])


async def test_refused_again_it_is_kept_with_the_new_reason(client, ready, db) -> None:
    await hand_in(ready, sender=Sender(address=""))
    number = await only_id(client)
    status, released = await ask(client, "POST", f"/{number}/release", json={"text": "Help"})
    assert (status, released["outcome"]) == (200, "quarantined")
    assert "address" in released["reason"]
    assert await only_id(client) != number
    async with db.read() as session:
        assert await queries.arrivals_by_outcome(session) == {Outcome.QUARANTINED: 1}


async def test_a_release_that_was_cut_short_is_repeated_without_a_second_message(
    client, ready, db
) -> None:
    await hand_in(ready)
    number = await only_id(client)
    async with db.begin() as session:
        taken = await actions.take_out(session, number, text="Help")
    first = await ready.inbox.submit(taken)  # and the process dies here
    status, released = await ask(client, "POST", f"/{number}/release", json={"text": "Help"})
    assert (status, released["ticket_id"]) == (200, first.ticket_id)
    assert await count_messages(db) == 1


async def test_a_message_is_discarded_for_a_reason_and_stays_to_be_looked_up(
    client, ready, db
) -> None:
    await hand_in(ready)
    number = await only_id(client)
    assert (await ask(client, "POST", f"/{number}/discard", json={}))[0] == 422
    assert (await ask(client, "POST", f"/{number}/discard", json={"reason": "spam"}))[0] == 204
    assert (await ask(client, "GET"))[1]["items"] == []
    _, shown = await ask(client, "GET", f"/{number}")
    assert shown["discard_reason"] == "spam"
    async with db.read() as session:
        assert await queries.arrivals_by_outcome(session) == {Outcome.QUARANTINED: 1}


async def test_what_has_left_quarantine_does_not_leave_it_again(client, ready) -> None:
    await hand_in(ready)
    number = await only_id(client)
    await ask(client, "POST", f"/{number}/discard", json={"reason": "spam"})
    assert (await ask(client, "POST", f"/{number}/discard", json={"reason": "spam"}))[0] == 409
    assert (await ask(client, "POST", f"/{number}/release", json={"text": "a"}))[0] == 409


async def test_pages(client, ready) -> None:
    for _ in range(3):
        await hand_in(ready)
    _, first = await ask(client, "GET", "?limit=2")
    _, second = await ask(client, "GET", f"?limit=2&after={first['next']}")
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 3
    assert second["next"] is None


async def test_nothing_there_is_not_found(client) -> None:
    assert (await ask(client, "GET", "/9"))[0] == 404
    assert (await ask(client, "POST", "/9/release", json={}))[0] == 404
    assert (await ask(client, "POST", "/9/discard", json={"reason": "x"}))[0] == 404
