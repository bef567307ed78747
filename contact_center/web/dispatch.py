"""Carries a request through a declared route: caller, arguments, transaction, answer."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.web import idempotency, preconditions
from contact_center.web.admission import admit
from contact_center.web.call import CALL, Call
from contact_center.web.routes import Operation, Routes

# Asked before every handler whether the caller may see what the path names; raises Forbidden.
Guard = Callable[[Call, Mapping[str, Any]], Awaitable[None]]
GUARD: web.AppKey[Guard] = web.AppKey("guard")


def mount(app: web.Application, *tables: Routes) -> None:
    for table in tables:
        for operation in table.operations:
            app.router.add_route(operation.method, operation.pattern, handler_of(operation))


def handler_of(operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        call = request[CALL]
        await admit(call, operation)
        arguments = await operation.arguments.read(request)
        if GUARD in request.app:
            await request.app[GUARD](call, arguments)
        if operation.if_match:
            call.expected_version = preconditions.expected_version(request, operation.if_match)
        if not operation.transaction:
            return await _answer(call, operation, arguments)
        # Committed before the answer is written: nobody is told what did not happen.
        async with _transaction(call, operation) as session:
            call.transaction = session
            if operation.idempotent:
                return await idempotency.once(call, lambda: _answer(call, operation, arguments))
            return await _answer(call, operation, arguments)

    handle.__name__ = operation.name
    return handle


def _transaction(call: Call, operation: Operation) -> AbstractAsyncContextManager[AsyncSession]:
    return call.runtime.db.read() if operation.is_safe else call.runtime.db.begin()


async def _answer(
    call: Call, operation: Operation, arguments: dict[str, Any]
) -> web.StreamResponse:
    result = await operation.handler(call, **arguments)
    if isinstance(result, web.StreamResponse):
        result.headers.update(call.headers)
        return result
    if operation.answer is None:
        return web.Response(status=operation.status, headers=call.headers)
    return web.Response(
        status=operation.status,
        body=operation.answer.dump_json(result),
        content_type=operation.media_type,
        headers=call.headers,
    )
