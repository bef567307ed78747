"""Typed routes: what a handler's signature says is validated, answered and documented.

    routes = Routes("tickets")

    @routes.get("/tickets/{ticket_id}", permission=Permission.TICKETS_READ, errors=(404,))
    async def show_ticket(call: Call, ticket_id: Id) -> TicketView:
        \"\"\"Show a ticket.\"\"\"

Each slice has one such table; `contact_center.app` mounts them all.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, TypeVar, Unpack

from aiohttp import web
from pydantic import TypeAdapter

from contact_center.web.arguments import Arguments
from contact_center.web.permissions import Permission

H = TypeVar("H", bound=Callable[..., Awaitable[Any]])

IfMatch = Literal["optional", "required"]

API = "/api/v1"
SAFE = ("GET", "HEAD", "OPTIONS")


class Options(TypedDict, total=False):
    """What a route may say about itself."""

    permission: Permission  # without it anybody who is logged in may call
    public: bool  # anybody at all may call, and nobody is identified
    limited: bool  # False: a public route that one address may call without end
    transaction: bool  # False: `call.session` is not there
    status: int  # of success, where it is not 200, 201 after a POST, 204 without an answer
    errors: Sequence[int]  # statuses to document besides those that follow from the signature
    if_match: IfMatch  # compare with `call.check_version(record.version)`
    idempotent: bool  # repeats the answer for a repeated Idempotency-Key
    media_type: str  # of an answer that is no JSON
    takes: str  # the media type of a body that the handler itself reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A declared route."""

    method: str
    path: str  # with the prefix
    tag: str
    handler: Callable[..., Awaitable[Any]]
    arguments: Arguments
    answer: TypeAdapter[Any] | None
    status: int
    documented: bool
    permission: Permission | None = None
    public: bool = False
    limited: bool = True
    transaction: bool = True
    errors: Sequence[int] = ()
    if_match: IfMatch | None = None
    idempotent: bool = False
    media_type: str = "application/json"
    takes: str | None = None

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def is_safe(self) -> bool:
        return self.method in SAFE

    @property
    def pattern(self) -> str:
        """The path for aiohttp's router: a number in a path has digits only."""
        path = self.path
        for parameter in self.arguments.parameters:
            if parameter.where == "path" and parameter.is_integer:
                path = path.replace(f"{{{parameter.name}}}", f"{{{parameter.name}:[0-9]{{1,19}}}}")
        return path


class Routes:
    """One slice's table of routes."""

    def __init__(self, tag: str, *, prefix: str = API, documented: bool = True) -> None:
        self.tag = tag
        self.operations: list[Operation] = []
        self._prefix = prefix
        self._documented = documented

    def get(self, path: str, **options: Unpack[Options]) -> Callable[[H], H]:
        return self.route("GET", path, **options)

    def post(self, path: str, **options: Unpack[Options]) -> Callable[[H], H]:
        return self.route("POST", path, **options)

    def put(self, path: str, **options: Unpack[Options]) -> Callable[[H], H]:
        return self.route("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[Options]) -> Callable[[H], H]:
        return self.route("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[H], H]:
        return self.route("DELETE", path, **options)

    def route(self, method: str, path: str, **options: Unpack[Options]) -> Callable[[H], H]:
        def declare(handler: H) -> H:
            arguments = Arguments(handler, path)
            options.setdefault("status", _status(method, arguments.returns))
            operation = Operation(
                method=method,
                path=self._prefix + path,
                tag=self.tag,
                handler=handler,
                arguments=arguments,
                answer=_answer(arguments.returns),
                documented=self._documented,
                **options,
            )
            self.operations.append(operation)
            return handler

        return declare


def _status(method: str, returns: Any) -> int:
    if returns is type(None):
        return 204
    return 201 if method == "POST" else 200


def _answer(returns: Any) -> TypeAdapter[Any] | None:
    """How the result is written; None for nothing at all and for ready-made responses."""
    if returns is type(None):
        return None
    if inspect.isclass(returns) and issubclass(returns, web.StreamResponse):
        return None
    return TypeAdapter(returns)
