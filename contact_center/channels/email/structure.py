"""The MIME tree of a mail, within limits of time, parts and headers.

The standard library's parser is fed in small steps, so that a mail made to keep it busy is given
up on instead of holding a thread for minutes.
"""

import re
import time
from dataclasses import dataclass
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Compat32, Policy

from contact_center.channels.email.headers import LONGEST_HEADER

MOST_PARTS = 300
MOST_HEADERS = 5_000  # of all parts together
LONGEST_STRUCTURED = 4 * 1024  # characters of Content-…: their parser is quadratic
_STEP = 16 * 1024  # bytes
_FOLD = re.compile(r"[\r\n]+")


class TooComplex(Exception):
    """No honest mail looks like this."""


@dataclass
class Budget:
    """What may still be spent on one mail."""

    deadline: float  # by time.monotonic()
    parts: int = MOST_PARTS
    headers: int = MOST_HEADERS

    def check(self) -> None:
        if self.parts < 0 or self.headers < 0 or time.monotonic() > self.deadline:
            raise TooComplex


class _Bounded(Compat32):
    budget: Budget | None = None

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        assert self.budget is not None
        self.budget.headers -= 1
        self.budget.check()
        name, value = super().header_source_parse(sourcelines)
        if name.lower().startswith("content-"):
            return name, _FOLD.sub("", value).strip()[:LONGEST_STRUCTURED]
        return name, value[:LONGEST_HEADER]

    def header_fetch_parse(self, name: str, value: str) -> str:
        """As sent: the standard library would replace bytes that nobody labelled."""
        return value


def mime_tree(raw: bytes, budget: Budget) -> Message:
    """Raises TooComplex, or whatever the parser stumbles over."""

    def new_part(policy: "Policy[Message]") -> Message:
        budget.parts -= 1
        budget.check()
        return Message(policy)

    # A policy takes every attribute of its class by name.
    policy = _Bounded(budget=budget, message_factory=new_part)  # type: ignore[call-arg]  # not in its stub
    parser = BytesFeedParser(policy=policy)
    for start in range(0, len(raw), _STEP):
        budget.check()
        parser.feed(raw[start : start + _STEP])
    return parser.close()
