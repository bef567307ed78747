"""Callers of the API as a test wants them."""

from datetime import datetime

from contact_center.web.permissions import Permission
from contact_center.web.principal import Kind, Principal

BEARER = {"Authorization": "Bearer cc_3_secret"}


class OneToken:
    """Knows a single token, with the given permissions."""

    def __init__(self, *permissions: Permission) -> None:
        self.caller = Principal(
            kind=Kind.TOKEN, id=3, name="shop", permissions=frozenset(permissions)
        )

    async def by_token(self, token: str, *, now: datetime) -> Principal | None:
        return self.caller if token == "cc_3_secret" else None

    async def by_cookie(self, cookie: str, *, now: datetime) -> Principal | None:
        return None
