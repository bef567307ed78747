"""Secrets that are handed out, and how long they last."""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from contact_center.errors import Forbidden
from contact_center.logins.models import ApiToken
from contact_center.settings import Logins
from contact_center.web.permissions import Permission

_TOKEN = re.compile(r"cc_([1-9]\d{0,17})_[\w-]{20,100}", re.ASCII)


def digest(secret: str) -> str:
    """All that is kept of a secret. It is long and random, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_id(token: str) -> int | None:
    """Which token it claims to be; None when it is none of ours."""
    match = _TOKEN.fullmatch(token)
    return int(match[1]) if match else None


def is_valid(token: ApiToken, *, now: datetime) -> bool:
    return token.revoked_at is None and (token.expires_at is None or now < token.expires_at)


def session_end(*, created_at: datetime, seen_at: datetime, settings: Logins) -> datetime:
    """A while after it was last used, and some day in any case."""
    return min(
        seen_at + timedelta(hours=settings.idle_hours),
        created_at + timedelta(days=settings.longest_days),
    )


def check_scopes(scopes: Iterable[Permission], *, own: frozenset[Permission]) -> None:
    """Nobody hands out what they may not do themselves. Raises Forbidden."""
    if beyond := sorted(set(scopes) - own):
        raise Forbidden(code="token.beyond", permissions=beyond)
