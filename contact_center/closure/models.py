"""What a ticket lacks before it may be resolved or closed."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from contact_center.errors import Conflict


class Need(StrEnum):
    ANSWER = "answer"  # that the customer got
    FINAL_ANSWER = "final_answer"  # by the owner, after the departments' work
    WORK_ORDER = "work_order"  # that is not done yet
    VERIFICATION = "verification"  # of work that a department has finished
    PROMISE = "promise"  # that is still to be kept
    COMPLAINT_RESPONSE = "complaint_response"
    COMPLAINT_OUTCOME = "complaint_outcome"
    CONFIRMATION = "confirmation"  # by the customer, or silence after we asked
    SIGN_OFF = "sign_off"  # by who answers for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    need: Need
    detail: str  # in English, for the interface
    href: str  # where it can be done
    facts: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        return {"need": self.need.value, "detail": self.detail, "href": self.href, **self.facts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Of a ticket: when the owner, or whoever acts for them, answered last; when work ended."""

    by_owner_at: datetime | None
    work_finished_at: datetime | None


class NotReady(Conflict):
    """The ticket cannot be resolved or closed yet; `missing` says what it lacks."""
