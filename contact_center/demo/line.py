"""A line to the running service that outlives its restarts, and counts what it hears."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

logger = logging.getLogger(__name__)

AGAIN_AFTER = 2.0  # seconds
PATIENCE = aiohttp.ClientTimeout(total=30)


class Refused(Exception):
    """The service understood, and said no."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(f"{status}: {problem}")
        self.status = status


@dataclass(slots=True)
class Tally:
    """What happened, by name; `errors` counts answers of 500 and above."""

    done: Counter[str] = field(default_factory=Counter)
    errors: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Line:
    http: aiohttp.ClientSession
    url: str
    tally: Tally

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Asks until there is an answer: what is sent carries its own key. Raises Refused."""
        while True:
            try:
                async with self.http.request(
                    method, self.url + path, json=body, data=data, headers=headers, timeout=PATIENCE
                ) as answer:
                    if answer.ok:
                        return await answer.json() if answer.content_length else None
                    problem = await answer.text()
            except (aiohttp.ClientError, TimeoutError, OSError):
                await asyncio.sleep(AGAIN_AFTER)  # it is being restarted
                continue
            if answer.status < 500 and answer.status != 429:
                raise Refused(answer.status, problem[:300])
            if answer.status >= 500:
                self.tally.errors[answer.status] += 1
                logger.warning("%s %s was answered with %s", method, path, answer.status)
            await asyncio.sleep(AGAIN_AFTER)
