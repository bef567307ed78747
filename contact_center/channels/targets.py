"""The port through which the webhook channel knows its endpoints."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes, and every secret that signs it now."""

    url: str = field(repr=False)
    secrets: Sequence[str] = field(repr=False)


class Targets(Protocol):
    """The endpoints as they are at the moment of sending: addresses change, secrets rotate."""

    async def find(self, endpoint_id: int) -> Target | None:
        """None when the endpoint is disabled or deleted."""

    async def gone(self, endpoint_id: int) -> None:
        """The receiver has said 410 Gone: it wants no more."""
