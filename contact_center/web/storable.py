"""What JSON and HTTP can carry but a database cannot keep."""

import math
import re
from collections.abc import Iterator
from typing import Any

SMALLEST, LARGEST = -(2**63), 2**63 - 1  # a BIGINT
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Path = tuple[str | int, ...]


def is_storable(value: object) -> bool:
    """Whether a string, or each of a list of them, has neither NUL nor half a character."""
    if isinstance(value, list):
        return all(is_storable(item) for item in value)
    return not (isinstance(value, str) and _UNSTORABLE.search(value))


def unstorable(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where in a JSON document something cannot be kept, and why."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from unstorable(item, (*path, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from unstorable(name, path)
            yield from unstorable(item, (*path, name))
    elif reason := _reason(value):
        yield path, reason


def _reason(value: Any) -> str | None:
    if isinstance(value, str):
        return None if is_storable(value) else "holds characters that cannot be stored"
    if isinstance(value, int):
        return None if SMALLEST <= value <= LARGEST else "is beyond 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else "is not finite"
    return None
