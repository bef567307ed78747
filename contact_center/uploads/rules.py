"""Which files are accepted."""

import fnmatch
import re
from collections.abc import Sequence

from contact_center.errors import Invalid

_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")


def check_type(content_type: str, *, allowed: Sequence[str]) -> None:
    """`allowed` holds patterns such as "image/*". Raises Invalid."""
    known = _TYPE.fullmatch(content_type) is not None and len(content_type) <= 200
    if not known or not any(fnmatch.fnmatch(content_type, pattern) for pattern in allowed):
        raise Invalid(
            code="upload.type_refused", content_type=content_type[:100], allowed=list(allowed)
        )
