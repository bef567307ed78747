"""An agent answers over the API; the customer's window hears it on its stream."""

import asyncio
import json
import tempfile
import time
import uuid
from pathlib import Path

import aiohttp
from aiohttp import ClientResponse, ClientSession

from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.logins.actions import open_session
from contact_center.settings import Settings
from tests.bench.accept import OPEN_DOORS
from tests.bench.figures import Figure
from tests.bench.stages import Stage
from tests.support.factories import make_agent
from tests.support.processes import Service

PATIENCE = 30.0  # seconds


async def agent_headers(url: str) -> dict[str, str]:
    """Of a new agent who is logged in."""
    db, now = Database(url), utcnow()
    async with db.begin() as session:
        agent = await make_agent(session, now=now, capacity=100_000)
        cookie, login = await open_session(
            session, agent, user_agent="bench", now=now, settings=Settings().logins
        )
        headers = {"Cookie": f"cc={cookie}", "X-CSRF-Token": login.csrf_token}
    await db.dispose()
    return headers


async def measure(stage: Stage, *, visitors: int, answers: int) -> list[Figure]:
    url = await stage.database("answers")
    headers = await agent_headers(url)
    with tempfile.TemporaryDirectory() as directory:
        service = Service(Path(directory), database_url=url, settings=OPEN_DOORS)
        await service.start()
        timeout = aiohttp.ClientTimeout(total=None)
        async with ClientSession(service.url, timeout=timeout) as http:
            windows = [await _open_window(http, url) for _ in range(visitors)]
            took = [
                await _answer(http, *windows[n % visitors], number=n, headers=headers)
                for n in range(answers)
            ]
            for _, stream in windows:
                stream.close()
        await service.stop()
    await stage.drop("answers")
    took.sort()
    return [
        Figure(
            what=f"agent's answer until the customer's window has it, p{share}",
            on=stage.name,
            value=took[min(len(took) * share // 100, len(took) - 1)] * 1e3,
            unit="ms",
            goal=100 if share == 99 else None,
        )
        for share in (50, 99)
    ]


async def _open_window(http: ClientSession, url: str) -> tuple[int, ClientResponse]:
    """A visitor who has asked for a human: the ticket's id, and the stream."""
    async with http.post("/chat/session", json={}) as opened:
        session = await opened.json()
    headers = {"Authorization": f"Bearer {session['token']}"}
    message = {"id": str(uuid.uuid4()), "text": "Where is my parcel? I want to talk to a person"}
    async with http.post("/chat/messages", json=message, headers=headers) as sent:
        assert sent.status == 201, await sent.text()
        receipt = (await sent.json())["receipt"]
    stream = await http.get("/chat/stream", headers=headers)
    await _until(stream, b"event: ready")
    return await _ticket_of(url, receipt["message_id"]), stream


async def _ticket_of(url: str, message_id: int) -> int:
    from contact_center.messages.queries import get_message

    db = Database(url)
    async with db.read() as session:
        ticket_id = (await get_message(session, message_id)).ticket_id
    await db.dispose()
    return ticket_id


async def _answer(
    http: ClientSession,
    ticket_id: int,
    stream: ClientResponse,
    *,
    number: int,
    headers: dict[str, str],
) -> float:
    """Seconds from sending the answer until its bytes are in the window."""
    text = f"It leaves our house today, number {number}."
    heard = asyncio.create_task(_until(stream, json.dumps(text).encode()))
    start = time.perf_counter()
    async with http.post(
        f"/api/v1/tickets/{ticket_id}/replies", json={"text": text}, headers=headers
    ) as answered:
        assert answered.status == 201, await answered.text()
    return await heard - start


async def _until(stream: ClientResponse, wanted: bytes) -> float:
    """When the bytes came."""
    async with asyncio.timeout(PATIENCE):
        while True:
            line = await stream.content.readline()
            if wanted in line:
                return time.perf_counter()
