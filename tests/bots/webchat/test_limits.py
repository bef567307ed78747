"""A new visitor costs nothing, so what matters is also counted by network."""

import asyncio
import dataclasses
import uuid
from contextlib import ExitStack

import pytest
from aiohttp import web

from bots.webchat import files
from bots.webchat.front import FRONT, UPLOADS_OF_A_NETWORK
from contact_center.web.limits import UPLOADS_AT_ONCE, RateLimit
from tests.bots.webchat.conftest import PNG, Visitor


@pytest.fixture
def app(app: web.Application) -> web.Application:
    limits = dataclasses.replace(
        app[FRONT].limits, network_hints=RateLimit(1), bytes=RateLimit(300, per=3600)
    )
    app[FRONT] = dataclasses.replace(app[FRONT], limits=limits)
    return app


async def test_hints_of_many_visitors_are_counted_together(visitor: Visitor) -> None:
    other = await Visitor(visitor.client).open()

    assert (await visitor.post("typing")).status == 204
    assert (await other.post("typing")).status == 429
    assert (await other.post("read", message_id=1)).status == 429


async def test_bytes_of_many_visitors_are_counted_together(visitor: Visitor) -> None:
    other, number = await Visitor(visitor.client).open(), str(uuid.uuid4())

    assert (await visitor.uploads(PNG, message=number)).status == 201
    assert (await other.uploads(PNG, message=number)).status == 429


async def test_only_so_many_files_arrive_at_once(visitor: Visitor, app: web.Application) -> None:
    with ExitStack() as others:
        for number in range(UPLOADS_AT_ONCE):
            others.enter_context(app[FRONT].uploading.take(f"network {number}"))

        assert (await visitor.uploads(PNG, message=str(uuid.uuid4()))).status == 503


async def test_one_network_does_not_take_all_places(visitor: Visitor, app: web.Application) -> None:
    with ExitStack() as others:
        for _ in range(UPLOADS_OF_A_NETWORK):
            others.enter_context(app[FRONT].uploading.take("127.0.0.1"))

        assert (await visitor.uploads(PNG, message=str(uuid.uuid4()))).status == 429


async def test_a_file_that_comes_too_slowly_is_refused(visitor: Visitor, monkeypatch) -> None:
    async def never(*_, **__) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(files, "LONGEST_UPLOAD", 0.01)
    monkeypatch.setattr(files, "_store", never)

    assert (await visitor.uploads(PNG, message=str(uuid.uuid4()))).status == 408
