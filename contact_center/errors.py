"""Errors a caller can act on. The docstring of each class is its default message.

A front decides what they mean on its network: `web/problems.py` maps them to HTTP statuses.
"""

from typing import Any


class ContactCenterError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        """`facts` are shown to the caller beside the message, so they hold no secrets."""
        super().__init__(message or self.__doc__)
        self.facts = facts


class NotFound(ContactCenterError):
    """There is no such record."""


class Conflict(ContactCenterError):
    """The record is not in a state that allows this."""


class Stale(Conflict):
    """Somebody changed the record in the meantime: load it again."""


class Invalid(ContactCenterError):
    """A value cannot be accepted."""


class Unauthenticated(ContactCenterError):
    """Log in, or send a valid token."""


class Forbidden(ContactCenterError):
    """You may not do this."""


class TooLarge(ContactCenterError):
    """This is larger than what is accepted."""


class TooSlow(ContactCenterError):
    """This took longer to arrive than we wait: send it again, or send less."""


class TooMany(ContactCenterError):
    """Too many requests: try again later."""

    def __init__(self, message: str | None = None, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class Unavailable(ContactCenterError):
    """This cannot be done at the moment: try again."""
