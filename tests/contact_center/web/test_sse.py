import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from contact_center.app import build_app
from contact_center.web import sse
from contact_center.web.call import Call
from contact_center.web.routes import Routes
from contact_center.web.sse import STREAMS, ServerEvent, Streams, last_event_id
from tests.support.patience import PATIENCE

routes = Routes("streams", prefix="", documented=False)
QUEUE: web.AppKey[asyncio.Queue[ServerEvent]] = web.AppKey("queue")
CLOSED = web.AppKey("closed", asyncio.Event)


@routes.get("/stream", public=True, transaction=False, media_type="text/event-stream")
async def stream(call: Call, last_event_id: str = "") -> web.StreamResponse:
    app = call.request.app

    async def events():
        yield ServerEvent(f"after {sse.last_event_id(call)}")
        try:
            while (event := await app[QUEUE].get()).data != "end":
                if event.data == "break":
                    raise ZeroDivisionError
                yield event
        finally:
            app[CLOSED].set()

    return await app[STREAMS].send(call, events(), owner="ann")


@pytest.fixture
def tables() -> list[Routes]:
    return [routes]


@pytest.fixture
def app(app: web.Application) -> web.Application:
    app[QUEUE] = asyncio.Queue()
    app[CLOSED] = asyncio.Event()
    return app


async def until(condition) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def test_events_arrive_as_they_happen(app, client) -> None:
    async with client.get("/stream") as response:
        assert response.content_type == "text/event-stream"
        assert response.headers["X-Accel-Buffering"] == "no"
        assert await response.content.readuntil(b"\n\n") == b": welcome\n\n"
        assert await response.content.readuntil(b"\n\n") == b"data: after 0\n\n"

        app[QUEUE].put_nowait(ServerEvent("你好\nthere", event="message", id="7"))

        event = await response.content.readuntil(b"\n\n")
        assert event.decode() == "id: 7\nevent: message\ndata: 你好\ndata: there\n\n"


@pytest.mark.parametrize("given", ["header", "query"])
async def test_a_stream_goes_on_after_the_last_event_seen(client, given) -> None:
    seen = {"headers": {"Last-Event-ID": "41"}} if given == "header" else {}
    path = "/stream" if seen else "/stream?last_event_id=41"

    async with client.get(path, **seen) as response:
        await response.content.readuntil(b"\n\n")
        assert await response.content.readuntil(b"\n\n") == b"data: after 41\n\n"


@pytest.mark.parametrize("given", ["", "x", "-1", "1e3", "9" * 19, "１２"])
async def test_a_last_event_that_is_no_number_is_no_event(given) -> None:
    class Request:
        headers = {"Last-Event-ID": given}
        query: dict[str, str] = {}

    class Asked:
        request = Request

    assert last_event_id(Asked) == 0


async def test_an_idle_stream_shows_that_it_is_alive(runtime, tables) -> None:
    app = build_app(runtime, fronts=tables)
    app[STREAMS] = Streams(heartbeat=0.01)
    app[QUEUE], app[CLOSED] = asyncio.Queue(), asyncio.Event()
    async with TestClient(TestServer(app)) as client, client.get("/stream") as response:
        for _ in range(2):
            await response.content.readuntil(b"\n\n")
        assert await response.content.readuntil(b"\n\n") == b": alive\n\n"


async def test_a_stream_may_have_an_end(runtime) -> None:
    ends = Routes("ends", prefix="", documented=False)

    @ends.get("/ending", public=True, transaction=False)
    async def ending(call: Call) -> web.StreamResponse:
        async def never():
            yield ServerEvent(None, id="7")
            await asyncio.Event().wait()

        return await call.request.app[STREAMS].send(call, never(), owner="ann", longest=0.1)

    app = build_app(runtime, fronts=[ends])
    async with TestClient(TestServer(app)) as client, asyncio.timeout(PATIENCE):
        told = await (await client.get("/ending")).read()

    assert told.startswith(b": welcome\n\nid: 7\n\n")
    assert app[STREAMS].open_count == 0


async def test_a_reader_who_leaves_is_noticed_at_the_next_event(app, client) -> None:
    response = await client.get("/stream")
    await response.content.readuntil(b"\n\n")
    assert app[STREAMS].open_count == 1

    response.close()
    app[QUEUE].put_nowait(ServerEvent("x"))
    await asyncio.sleep(0)
    app[QUEUE].put_nowait(ServerEvent("y"))

    await until(lambda: app[STREAMS].open_count == 0)
    assert app[CLOSED].is_set()


async def test_streams_end_when_the_process_stops(app, client, server) -> None:
    response = await client.get("/stream")
    await response.content.readuntil(b"\n\n")
    await response.content.readuntil(b"\n\n")

    async with asyncio.timeout(PATIENCE):
        await server.close()
        assert await response.content.read() == b""

    assert app[CLOSED].is_set()
    assert not [task for task in asyncio.all_tasks() if "following" in repr(task)]


async def test_a_stream_that_breaks_ends_and_is_logged(app, client, caplog) -> None:
    response = await client.get("/stream")
    app[QUEUE].put_nowait(ServerEvent("break"))

    async with asyncio.timeout(PATIENCE):
        await response.content.read()

    assert "a stream broke" in caplog.messages


async def test_one_network_cannot_open_streams_without_end(client, monkeypatch) -> None:
    monkeypatch.setattr(sse, "MOST_PER_NETWORK", 2)
    opened = [await client.get("/stream") for _ in range(3)]

    assert [response.status for response in opened] == [200, 200, 429]
    for response in opened:
        response.close()


async def test_one_owner_cannot_open_streams_without_end(client, monkeypatch) -> None:
    monkeypatch.setattr(sse, "MOST_PER_OWNER", 2)
    opened = [await client.get("/stream") for _ in range(3)]

    assert [response.status for response in opened] == [200, 200, 429]
    assert opened[2].content_type == "application/problem+json"
    for response in opened:
        response.close()
