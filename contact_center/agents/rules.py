"""What may be said of an agent."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contact_center.agents.models import Agent, Role
from contact_center.errors import Conflict, Invalid


class LastAdmin(Conflict):
    """This is the last active administrator: make somebody else one first."""


def clean_email(email: str) -> str:
    """Raises Invalid. Mail addresses are told apart without regard to case."""
    cleaned = email.strip().lower()
    local, at, domain = cleaned.rpartition("@")
    if not (local and at and "." in domain.strip(".")) or " " in cleaned:
        raise Invalid(f"{cleaned!r} is not a mail address")
    return cleaned


def check_time_zone(name: str) -> str:
    """Raises Invalid."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"{name!r} is not a time zone: use a name like Europe/Berlin") from None
    return name


def check_not_last_admin(agent: Agent, *, admins: int) -> None:
    """Before `agent` stops being an active administrator, of whom there are `admins`."""
    if agent.role is Role.ADMIN and agent.active and admins <= 1:
        raise LastAdmin
