"""Moments as callers write them."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, TypeAdapter, ValidationError

from contact_center.errors import Invalid

_TEXT = TypeAdapter(AwareDatetime)
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def _read(value: object) -> object:
    """Pydantic would take a number for seconds since 1970, and years that no zone can express."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _WRITTEN.match(value):
        raise ValueError("write a date and time with its zone, as in 2026-03-02T12:00:00Z")
    moment = _TEXT.validate_python(value)
    if not _FIRST <= moment < _LAST:
        raise ValueError("this is too long ago, or too far ahead")
    return moment


Timestamp = Annotated[AwareDatetime, BeforeValidator(_read)]


def read_moment(text: str) -> datetime:
    """From a cursor. Raises Invalid."""
    try:
        return _CHECKED.validate_python(text)
    except ValidationError:
        raise Invalid(code="page.no_such_cursor") from None


_CHECKED: TypeAdapter[datetime] = TypeAdapter(Timestamp)
