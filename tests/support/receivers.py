"""A system that receives webhooks: a real HTTP server that does what a test tells it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Receiver:
    """Remembers calls as (headers, body); answers 204 unless told otherwise."""

    calls: list[tuple[dict[str, str], str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    url: str = ""
    port: int = 0

    def will(self, status: int, *, text: str = "", **headers: str) -> None:
        async def answer(_: web.Request) -> web.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(status=status, text=text, headers=named)

        self.answers.append(answer)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append((headers, await request.text()))
        return await self.answers.pop(0)(request) if self.answers else web.Response(status=204)


@asynccontextmanager
async def running_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    async with TestServer(app) as server:
        receiver.url, receiver.port = str(server.make_url("/hook")), server.port or 0
        yield receiver


class FakeResolver(AbstractResolver):
    """Names and addresses of a test's own little Internet."""

    def __init__(self, **names: list[str]) -> None:
        self.names = {name.replace("_", "."): found for name, found in names.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        await asyncio.sleep(0)
        self.asked.append(host)
        return [_result(host, port, address) for address in self.names[host]]

    async def close(self) -> None:
        pass


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return {
        "hostname": host,
        "host": address,
        "port": port,
        "family": family,
        "proto": 0,
        "flags": 0,
    }
