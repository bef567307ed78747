"""Where a request stands, as far as its customer may know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    ticket_id: int
    reference: str
    subject: str
    stage: str  # a key of the texts
    owner: str | None  # the name of who answers for it
    acting: str | None  # and of who stands in for them now
    next_at: datetime | None  # what comes next is promised by then
    is_over: bool
    token: str  # of its page


@dataclass(frozen=True, slots=True)
class Step:
    """From then on it stood there."""

    at: datetime
    stage: str  # a key of the texts


@dataclass(frozen=True, slots=True)
class Course:
    standing: Standing
    steps: Sequence[Step]  # oldest first
    language: str
