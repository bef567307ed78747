"""Whether a file is what its sender says it is, told by its first bytes."""

from fnmatch import fnmatch
from typing import NamedTuple

from contact_center.errors import Invalid

LOOKED_AT = 16  # bytes
SAFE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# Browsers run what is in these.
_ACTIVE = frozenset(
    {"text/html", "text/xml", "text/javascript", "application/xhtml+xml", "image/svg+xml"}
)


class _Signature(NamedTuple):
    content_type: str
    offset: int
    start: bytes


_SIGNATURES = (
    _Signature("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    _Signature("image/jpeg", 0, b"\xff\xd8\xff"),
    _Signature("image/gif", 0, b"GIF87a"),
    _Signature("image/gif", 0, b"GIF89a"),
    _Signature("image/webp", 8, b"WEBP"),
    _Signature("application/pdf", 0, b"%PDF-"),
)
_TOLD_BY_BYTES = frozenset(signature.content_type for signature in _SIGNATURES)


def checked_type(claimed: str, head: bytes, *, allowed: list[str]) -> str:
    """The type to store a file under. Raises Invalid where it is refused."""
    claimed = claimed.lower().strip() or "application/octet-stream"
    seen = next((s.content_type for s in _SIGNATURES if head[s.offset :].startswith(s.start)), None)
    content_type = seen or claimed
    if seen is None and claimed in _TOLD_BY_BYTES:
        raise Invalid(code="file.not_real", kind_of_file=claimed.partition("/")[2])
    if content_type in _ACTIVE or not any(fnmatch(content_type, kind) for kind in allowed):
        raise Invalid(code="file.type_refused", content_type=content_type)
    return content_type
