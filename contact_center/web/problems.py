"""Errors as RFC 9457 problems, in one place."""

import logging
import re
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from contact_center import errors
from contact_center.db import is_passing
from contact_center.texts import FALLBACK

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPES = "/api/docs#problem-"

STATUSES: dict[type[errors.ContactCenterError], int] = {
    errors.Invalid: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Stale: 412,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.TooSlow: 408,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
# Refusals that have no class of their own: malformed requests, and aiohttp's.
SLUGS = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    412: "stale",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    428: "precondition-required",
    500: "internal-error",
}


class Detail(BaseModel):
    """One thing that is wrong with a request."""

    detail: str
    code: str
    pointer: str | None = Field(None, description="JSON pointer into the body")
    parameter: str | None = Field(None, description="in the path, query or headers")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="stable: compare it, do not parse the texts")
    code: str = Field(description="stable as well, and more precise than the type")
    title: str
    status: int
    detail: str | None = None
    request_id: str = Field(description="quote it when you ask for help")
    errors: list[Detail] | None = None
    facts: dict[str, Any] | None = Field(None, description="what the error is about")


class BadRequest(errors.ContactCenterError):
    """A request that is refused for its form; becomes a problem with this very status."""

    def __init__(
        self, status: int, *, code: str, details: list[Detail] | None = None, **facts: Any
    ) -> None:
        super().__init__(code=code, **facts)
        self.status = status
        self.details = details


def response_for(error: Exception, *, request_id: str) -> web.Response:
    """The answer to a request that raised `error`; what we did not expect is logged."""
    if isinstance(error, web.HTTPException):
        return _from_http(error, request_id)
    known = _translate(error)
    if known is None:
        log.error("request failed", exc_info=error, extra={"request_id": request_id})
        known = errors.ContactCenterError()
    return _response(
        status_of(known),
        slug=_slug(known),
        code=known.code,
        detail=str(known),
        details=getattr(known, "details", None),
        facts=known.facts,
        headers=_headers(known),
        request_id=request_id,
    )


def status_of(error: errors.ContactCenterError) -> int:
    return error.status if isinstance(error, BadRequest) else status_of_kind(type(error))


def status_of_kind(kind: type[errors.ContactCenterError]) -> int:
    return next((STATUSES[base] for base in kind.__mro__ if base in STATUSES), 500)


def slug_of_kind(kind: type[errors.ContactCenterError]) -> str:
    """`AlreadyClaimed` is told apart from other conflicts as "already-claimed"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


def _translate(error: Exception) -> errors.ContactCenterError | None:
    """Ours as it is, and what the database may throw at any request."""
    if isinstance(error, errors.ContactCenterError):
        return error
    if isinstance(error, StaleDataError):
        return errors.Stale()
    if isinstance(error, IntegrityError):
        log.warning("integrity error", exc_info=error)
        return errors.Conflict(code="request.clash")
    if isinstance(error, DataError):
        log.warning("value refused by the database", exc_info=error)
        return errors.Invalid(code="request.out_of_range")
    if is_passing(error):
        log.warning("database unavailable", exc_info=error)
        return errors.Unavailable(code="service.database_away")
    return None


def _from_http(error: web.HTTPException, request_id: str) -> web.Response:
    """aiohttp's own refusals: no such route, wrong method, too large a body."""
    kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
    slug = _slug_of_status(error.status)
    return _response(
        error.status, slug=slug, code=_code_of_slug(slug), headers=kept, request_id=request_id
    )


def _response(
    status: int,
    *,
    slug: str,
    code: str,
    request_id: str,
    headers: dict[str, str],
    detail: str | None = None,
    details: list[Detail] | None = None,
    facts: dict[str, Any] | None = None,
) -> web.Response:
    problem = Problem(
        type=TYPES + slug,
        code=code,
        title=slug.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        request_id=request_id,
        errors=details,
        facts=facts or None,
    )
    body = problem.model_dump_json(exclude_none=True).encode()
    return web.Response(status=status, body=body, content_type=MEDIA_TYPE, headers=headers)


def _slug(error: errors.ContactCenterError) -> str:
    if isinstance(error, BadRequest) or type(error) is errors.ContactCenterError:
        return _slug_of_status(status_of(error))
    return slug_of_kind(type(error))


def _slug_of_status(status: int) -> str:
    return SLUGS.get(status, f"http-{status}")


def _code_of_slug(slug: str) -> str:
    code = f"error.{slug.replace('-', '_')}"
    return code if code in errors.ERROR_TEXTS.keys(FALLBACK) else "error.http"


def _headers(error: errors.ContactCenterError) -> dict[str, str]:
    if isinstance(error, errors.TooMany):
        return {"Retry-After": str(max(1, round(error.retry_after)))}
    if isinstance(error, errors.Unavailable):
        return {"Retry-After": "1"}
    if isinstance(error, errors.Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="contact center"'}
    return {}
