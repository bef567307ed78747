"""Errors a caller can act on: a stable code, what it is about, and texts in every language.

The texts are in `error_texts/<language>.toml`, by code; the facts fill their placeholders.
A front decides what an error means on its network: `web/problems.py` maps them to HTTP statuses.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contact_center.texts import FALLBACK, load_texts

ERROR_TEXTS = load_texts(Path(__file__).parent / "error_texts")
_KIB, _MIB = 1024, 1024 * 1024


class ContactCenterError(Exception):
    """Something went wrong."""

    code = "error.unexpected"

    def __init__(
        self, message: str | None = None, *, code: str | None = None, **facts: Any
    ) -> None:
        """`facts` are shown to the caller beside the text, so they hold no secrets.

        A `message` of its own is for who configures the service, and in English only.
        """
        self.code = code or type(self).code
        self.message = message
        self.facts = facts
        super().__init__(message or self.say(FALLBACK))

    def say(self, language: str, *, show: Callable[[str, Any], object] | None = None) -> str:
        """What its code means, for this reader; `show` writes a fact of that name."""
        show = show or plain
        values = {name: show(name, value) for name, value in self.facts.items()}
        return ERROR_TEXTS.say(language, self.code, **values)


def plain(name: str, value: Any) -> object:
    """A fact within a sentence; the fact called `bytes` is a size."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{key.replace('_', ' ')}: {one}" for key, one in value.items())
    return _size(value) if name == "bytes" else value


def _size(count: int) -> str:
    if count >= _MIB:
        return f"{count / _MIB:.4g} MB"
    return f"{count / _KIB:.4g} KB" if count >= _KIB else f"{count} B"


class NotFound(ContactCenterError):
    """There is no such record."""

    code = "error.not_found"


class Conflict(ContactCenterError):
    """The record is not in a state that allows this."""

    code = "error.conflict"


class Stale(Conflict):
    """Somebody changed the record in the meantime: load it again."""

    code = "error.stale"


class Invalid(ContactCenterError):
    """A value cannot be accepted."""

    code = "error.invalid"


class Unauthenticated(ContactCenterError):
    """Log in, or send a valid token."""

    code = "error.unauthenticated"


class Forbidden(ContactCenterError):
    """You may not do this."""

    code = "error.forbidden"


class TooLarge(ContactCenterError):
    """This is larger than what is accepted."""

    code = "error.too_large"


class TooSlow(ContactCenterError):
    """This took longer to arrive than we wait: send it again, or send less."""

    code = "error.too_slow"


class TooMany(ContactCenterError):
    """Too many requests: try again later."""

    code = "error.too_many"

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        retry_after: float = 1.0,
        **facts: Any,
    ) -> None:
        super().__init__(message, code=code, **facts)
        self.retry_after = retry_after  # seconds


class Unavailable(ContactCenterError):
    """This cannot be done at the moment: try again."""

    code = "error.unavailable"
