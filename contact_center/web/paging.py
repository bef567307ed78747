"""Long lists in pages: a page tells where the next one begins, whatever is added meanwhile."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field

from contact_center.errors import Invalid

T = TypeVar("T")
Row = TypeVar("Row")

Limit = Annotated[int, Field(ge=1, le=200, description="items a page")]
Cursor = Annotated[
    str,
    Field(max_length=400, pattern="^[A-Za-z0-9_-]*$", description="`next` of the page before"),
]


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = Field(None, description="`after` of the next page; null on the last one")


def page_of(
    rows: Sequence[Row],
    *,
    limit: int,
    key: Callable[[Row], Sequence[int | str]],
    show: Callable[[Row], T],
) -> Page[T]:
    """Ask the database for `limit + 1` rows: the one too many tells that there is more."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(items=[show(row) for row in shown], next=cursor(*key(shown[-1])) if more else None)


def cursor(*key: int | str) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).rstrip(b"=").decode()


def read_cursor(text: str | None, *kinds: type[Any]) -> tuple[Any, ...] | None:
    """The key of the last row seen: None on the first page. Raises Invalid."""
    if text is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, list) or [type(value) for value in key] != list(kinds):
        raise Invalid(code="page.no_such_cursor")
    if any(isinstance(value, int) and not 0 <= value < 2**63 for value in key):
        raise Invalid(code="page.no_such_cursor")
    return tuple(key)
