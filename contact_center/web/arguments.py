"""From a handler's signature to validated arguments.

A parameter named in the path comes from the path; a pydantic model is the body; `Header[…]` is a
header; everything else is a query parameter.
"""

import inspect
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    NotRequired,  # pydantic wants this one before 3.12
    TypeVar,
    get_args,
    get_origin,
)

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from contact_center.errors import Invalid, NotFound
from contact_center.web.json_body import body_details, read_json
from contact_center.web.problems import BadRequest, Detail
from contact_center.web.storable import LARGEST, is_storable

T = TypeVar("T")
Handler = Callable[..., Awaitable[Any]]


Id = Annotated[int, Field(ge=1, le=LARGEST)]
UNKNOWN = "unknown"
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


class _Marker:
    def __init__(self, where: str) -> None:
        self.where = where


_HEADER, _FORM, _BODY = _Marker("header"), _Marker("form"), _Marker("body")
Header = Annotated[T, _HEADER]
Form = Annotated[T, _FORM]  # the body as a browser's form sends it
Body = Annotated[T, _BODY]  # the JSON body, where it is not simply a model


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    name: str  # of the Python argument
    alias: str  # on the wire
    where: str  # "path", "query", "header"
    annotation: Any
    default: Any  # inspect.Parameter.empty when it is required
    repeats: bool  # its values are a list

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    @property
    def is_integer(self) -> bool:
        return _bare(self.annotation) is int


class Arguments:
    """Everything after the handler's first parameter, the Call."""

    def __init__(self, handler: Handler, path: str) -> None:
        hints = typing.get_type_hints(handler, include_extras=True)
        self.returns = hints.get("return")
        self.parameters: list[Parameter] = []
        self.body_name: str | None = None
        self.body: TypeAdapter[Any] | None = None
        self.body_is_form = False
        for parameter in list(inspect.signature(handler).parameters.values())[1:]:
            self._add(parameter, hints[parameter.name], path)
        self._by_alias = {(p.where, p.alias): p for p in self.parameters}
        self._headers = [p for p in self.parameters if p.where == "header"]
        self.adapter = _adapter(handler.__name__, self.parameters)

    async def read(self, request: web.Request) -> dict[str, Any]:
        """Raises NotFound for the path, BadRequest or Invalid for the rest."""
        arguments = self._read_parameters(request) if self.adapter or request.query_string else {}
        if self.body is not None and self.body_name is not None:
            if self.body_is_form:
                arguments[self.body_name] = await _read_form(request, self.body)
            else:
                arguments[self.body_name] = await read_json(request, self.body)
        return arguments

    def _add(self, parameter: inspect.Parameter, annotation: Any, path: str) -> None:
        where = _where(parameter.name, annotation, path)
        if where in ("body", "form"):
            self.body_name, self.body = parameter.name, TypeAdapter(annotation)
            self.body_is_form = where == "form"
            return
        alias = parameter.name.rstrip("_")
        if where == "header":
            alias = alias.replace("_", "-").title()
        self.parameters.append(
            Parameter(
                name=parameter.name,
                alias=alias,
                where=where,
                annotation=annotation,
                default=parameter.default,
                repeats=_is_list(_bare(annotation)),
            )
        )

    def _read_parameters(self, request: web.Request) -> dict[str, Any]:
        raw: dict[str, Any] = {
            self._by_alias["path", alias].name: value for alias, value in request.match_info.items()
        }
        problems: list[Detail] = []
        for alias in request.query:
            self._read_query(request, alias, raw, problems)
        for header in self._headers:
            if (value := request.headers.get(header.alias)) is not None:
                raw[header.name] = value
        problems += [
            _detail(p, "holds characters that cannot be stored", "characters")
            for p in self.parameters
            if p.name in raw and not is_storable(raw[p.name])
        ]
        return self._validate(raw, problems)

    def _read_query(
        self, request: web.Request, alias: str, raw: dict[str, Any], problems: list[Detail]
    ) -> None:
        parameter = self._by_alias.get(("query", alias))
        if parameter is None:
            shown = alias[:100].encode(errors="replace").decode()
            problems.append(Detail(detail="unknown query parameter", code=UNKNOWN, parameter=shown))
        elif parameter.repeats:
            raw[parameter.name] = request.query.getall(alias)
        elif parameter.name not in raw:
            raw[parameter.name] = request.query[alias]
            if len(request.query.getall(alias)) > 1:
                problems.append(_detail(parameter, "may be given only once", "repeated"))

    def _validate(self, raw: dict[str, Any], problems: list[Detail]) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        if self.adapter is not None:
            try:
                arguments = self.adapter.validate_python(raw)
            except ValidationError as error:
                problems += self._details(error)
        if not problems:
            return arguments
        known = [problem.parameter for problem in problems if problem.code != UNKNOWN]
        if any(("path", alias) in self._by_alias for alias in known):
            raise NotFound(code="request.no_such_address")
        raise BadRequest(422, code="request.parameters", details=problems)

    def _details(self, error: ValidationError) -> list[Detail]:
        by_name = {p.name: p for p in self.parameters}
        return [
            _detail(by_name[str(e["loc"][0])], e["msg"], e["type"])
            for e in error.errors(include_url=False, include_context=False, include_input=False)
        ]


def _detail(parameter: Parameter, message: str, code: str) -> Detail:
    return Detail(detail=message, code=code, parameter=parameter.alias)


def _where(name: str, annotation: Any, path: str) -> str:
    if "{" + name + "}" in path:
        return "path"
    for extra in get_args(annotation)[1:] if get_origin(annotation) is Annotated else ():
        if isinstance(extra, _Marker):
            return extra.where
    bare = _bare(annotation)
    return "body" if inspect.isclass(bare) and issubclass(bare, BaseModel) else "query"


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _is_list(annotation: Any) -> bool:
    """`list[str]`, or that or None."""
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))


def _adapter(name: str, parameters: list[Parameter]) -> TypeAdapter[Any] | None:
    """A validator from raw strings to keyword arguments; None when there is nothing to check."""
    if not parameters:
        return None
    fields = {p.name: p.annotation if p.required else NotRequired[p.annotation] for p in parameters}
    keywords: Any = TypedDict  # a form known only at run time
    form = keywords(name, fields)
    form.__pydantic_config__ = ConfigDict(defer_build=True)  # a start needs none of them
    return TypeAdapter(form)


async def _read_form(request: web.Request, body: TypeAdapter[Any]) -> Any:
    if request.content_type not in FORM_TYPES:
        raise BadRequest(415, code="request.send_form")
    try:
        fields = await request.post()
    except ValueError as error:
        raise BadRequest(400, code="form.unreadable") from error
    lists = _list_fields(body)
    raw = {name: fields.getall(name) if name in lists else fields[name] for name in fields}
    raw.pop("csrf_token", None)
    if not all(is_storable(value) for value in raw.values()):
        raise Invalid(code="request.unstorable_field")
    try:
        return body.validate_python(raw)
    except ValidationError as error:
        raise BadRequest(422, code="request.form", details=body_details(error)) from None


def _list_fields(body: TypeAdapter[Any]) -> set[str]:
    properties = body.json_schema().get("properties", {})
    return {name for name, schema in properties.items() if schema.get("type") == "array"}
