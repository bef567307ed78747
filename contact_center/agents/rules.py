"""What may be said of an agent."""

import base64
import hashlib
import hmac
import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contact_center.agents.models import Agent, Role
from contact_center.errors import Conflict, Invalid
from contact_center.settings import Digests

LINK_VALID = timedelta(minutes=10)
_FACTS = struct.Struct(">QI")  # agent, end in Unix seconds
_SIGNATURE = 12  # bytes


class LastAdmin(Conflict):
    """This is the last active administrator: make somebody else one first."""

    code = "agent.last_admin"


def clean_email(email: str) -> str:
    """Raises Invalid. Mail addresses are told apart without regard to case."""
    cleaned = email.strip().lower()
    local, at, domain = cleaned.rpartition("@")
    if not (local and at and "." in domain.strip(".")) or " " in cleaned:
        raise Invalid(code="agent.not_a_mail_address", address=cleaned)
    return cleaned


def first_digest_hour(role: Role, settings: Digests) -> int | None:
    """Who leads gets a digest until they choose otherwise."""
    return None if role is Role.AGENT else settings.hour


def check_time_zone(name: str) -> str:
    """Raises Invalid."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(code="agent.not_a_time_zone", name=name) from None
    return name


def stops_being_admin(agent: Agent, changes: Mapping[str, Any]) -> bool:
    stays = changes.get("role", agent.role) is Role.ADMIN and changes.get("active", agent.active)
    return agent.role is Role.ADMIN and agent.active and not stays


def check_not_last_admin(agent: Agent, *, admins: int) -> None:
    """Before `agent` stops being an active administrator, of whom there are `admins`."""
    if agent.role is Role.ADMIN and agent.active and admins <= 1:
        raise LastAdmin


def link_code(secret: bytes, agent_id: int, *, now: datetime) -> str:
    """Proves to a chat network that its user is the agent, for ten minutes.

    32 characters that a Telegram deep link may carry.
    """
    facts = _FACTS.pack(agent_id, int((now + LINK_VALID).timestamp()))
    return base64.urlsafe_b64encode(facts + _sign(secret, facts)).decode()


def agent_of_code(secret: bytes, code: str, *, now: datetime) -> int:
    """Raises Invalid."""
    try:
        raw = base64.urlsafe_b64decode(code.encode("ascii"))
        agent_id, ends = _FACTS.unpack(raw[: _FACTS.size])
    except (ValueError, struct.error):
        raise Invalid(code="agent.not_a_link_code") from None
    genuine = hmac.compare_digest(raw[_FACTS.size :], _sign(secret, raw[: _FACTS.size]))
    if not genuine or now.timestamp() >= ends:
        raise Invalid(code="agent.link_code_expired")
    return int(agent_id)


def _sign(secret: bytes, facts: bytes) -> bytes:
    return hmac.digest(secret, b"link " + facts, hashlib.sha256)[:_SIGNATURE]


def check_chain(agent_id: int, deputy_id: int, *, next_of: Mapping[int, set[int]]) -> None:
    """Raises Invalid where the agent would, in the end, stand in for themselves.

    `next_of` names everybody who stands in for somebody at some time of the absence in question.
    """
    waiting: list[tuple[int, ...]] = [(deputy_id,)]
    seen = set[int]()
    while waiting:
        chain = waiting.pop()
        if chain[-1] == agent_id:
            raise Invalid(code="absence.circle", agent_id=agent_id, chain=list(chain))
        if chain[-1] not in seen:
            seen.add(chain[-1])
            waiting += [(*chain, one) for one in next_of.get(chain[-1], ())]
