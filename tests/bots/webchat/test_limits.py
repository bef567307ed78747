"""A new visitor costs nothing, so what matters is also counted by network."""

import dataclasses
import uuid

import pytest
from aiohttp import web

from bots.webchat.front import FRONT
from contact_center.web.limits import RateLimit
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
    uploading = app[FRONT].uploading
    while not uploading.locked():
        await uploading.acquire()

    assert (await visitor.uploads(PNG, message=str(uuid.uuid4()))).status == 503
