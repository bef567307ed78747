import io
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from bots.telegram.front import Front
from bots.telegram.webhook import LARGEST, PATH, webhook, webhook_secret
from contact_center.app import build_app
from contact_center.errors import Unavailable
from tests.support.telegram import message

ANN = 77


@pytest.fixture
async def url(server, runtime, connection) -> AsyncIterator[str]:
    """The webhook, registered at the fake server."""
    secret = webhook_secret(runtime.settings.telegram, runtime.secret)
    handle = Front(runtime, connection).handle
    app = build_app(runtime, fronts=[webhook(connection, handle=handle, secret=secret)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://{}:{}{}".format(*runner.addresses[0][:2], PATH)
    server.webhook = {"url": url, "secret_token": secret}
    yield url
    await runner.cleanup()


async def test_an_update_is_handed_in_before_it_is_answered(url, server, inbox):
    assert await server.bring({"update_id": 1, **message(ANN, "hello")}) == 200
    assert inbox.texts(ANN) == ["hello"]


async def test_a_redelivered_update_changes_nothing(url, server, inbox):
    update = {"update_id": 1, **message(ANN, "hello")}
    assert await server.bring(update) == 200
    assert await server.bring(update) == 200

    assert inbox.received == 2
    assert inbox.texts(ANN) == ["hello"]


@pytest.mark.parametrize("secret", ["", "wrong", "ä"])
async def test_a_stranger_is_not_heard(url, server, inbox, secret):
    update = {"update_id": 1, **message(ANN, "hello")}

    assert await server.bring(update, secret=secret) == 403
    assert inbox.received == 0


async def test_what_could_not_be_kept_is_asked_for_again(url, server, inbox):
    update = {"update_id": 1, **message(ANN, "hello")}
    inbox.broken = Unavailable()
    assert await server.bring(update) == 503

    inbox.broken = None

    assert await server.bring(update) == 200
    assert inbox.texts(ANN) == ["hello"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"update_id": 1, "message": {}}', b"\xff"])
async def test_what_cannot_be_read_is_not_asked_for_again(url, server, inbox, body, caplog):
    headers = {"X-Telegram-Bot-Api-Secret-Token": server.webhook["secret_token"]}
    async with ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200

    assert "an update cannot be read" in caplog.text
    assert inbox.received == 0


async def test_a_body_without_end_is_refused(url, server):
    headers = {"X-Telegram-Bot-Api-Secret-Token": server.webhook["secret_token"]}
    body = io.BytesIO(b" " * (LARGEST + 1))
    async with ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 413


def test_the_secret_follows_from_ours_unless_it_is_set(settings):
    ours = webhook_secret(settings.telegram, b"one")
    assert ours != webhook_secret(settings.telegram, b"two")
    assert ours.isalnum()

    chosen = settings.telegram.model_copy(update={"webhook_secret": settings.secret_key})
    assert webhook_secret(chosen, b"one") == "a secret of the tests"
