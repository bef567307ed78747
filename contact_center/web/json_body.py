"""Reads a JSON body, and refuses what JSON allows but a database cannot keep."""

import re
from typing import Any

import pydantic_core
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from contact_center.web.problems import BadRequest, Detail
from contact_center.web.storable import Path, unstorable

# Where something that cannot be kept may hide: bodies without these are not looked at closely.
_SUSPICIOUS_WORDS = (b"\\u0000", b"NaN", b"Infinity")
_SUSPICIOUS_NUMBER = re.compile(rb"\d(?:\d{18}|[eE])")
_CHARSETS = ("utf-8", "utf8", "us-ascii")
_USUAL_TYPES = ("application/json", "application/json; charset=utf-8")


async def read_json(request: web.Request, body: TypeAdapter[Any]) -> Any:
    _check_type(request)
    data = await request.read()
    if any(word in data for word in _SUSPICIOUS_WORDS) or _SUSPICIOUS_NUMBER.search(data):
        _check(data)
    try:
        # Strict: JSON has its own numbers and truths, so "3" and 0 stand for neither.
        return body.validate_json(data, strict=True)
    except ValidationError as error:
        details = body_details(error)
    if details[0].code == "json_invalid":
        raise _malformed(details[0].detail)
    raise BadRequest(422, code="request.body", details=details)


def body_details(error: ValidationError) -> list[Detail]:
    return [
        Detail(detail=e["msg"], code=e["type"], pointer=_pointer(e["loc"]))
        for e in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _check_type(request: web.Request) -> None:
    if request.headers.get("Content-Type") in _USUAL_TYPES:
        return
    if request.content_type != "application/json":
        raise BadRequest(415, code="request.send_json")
    if (request.charset or "utf-8").lower() not in _CHARSETS:
        raise BadRequest(415, code="request.send_utf8")


def _check(data: bytes) -> None:
    try:
        value = pydantic_core.from_json(data)
    except ValueError as error:
        raise _malformed(str(error)) from None
    details = [
        Detail(detail=reason, code="unstorable", pointer=_pointer(path))
        for path, reason in unstorable(value)
    ]
    if details:
        raise BadRequest(422, code="request.unstorable_body", details=details)


def _malformed(reason: str) -> BadRequest:
    return BadRequest(
        400, code="request.malformed_json", problem=reason.removeprefix("Invalid JSON: ")
    )


def _pointer(path: Path) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "#" + "".join(f"/{step}" for step in steps)
