"""Policies of a test's own, on the calendars and the presets that are shipped."""

import tomllib
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.policies.choosing import Policies
from contact_center.policies.loading import parse_policies
from contact_center.sla.actions import versions
from tests.support.calendars import SHIPPED

PRESETS = tomllib.loads(Path("config/presets.toml").read_text("utf-8"))


def policies_from(text: str) -> Policies:
    return parse_policies(tomllib.loads(text), PRESETS, calendars=SHIPPED)


async def keep_policies(session: AsyncSession, text: str, *, now: datetime) -> Policies:
    """They hold from now on."""
    policies = policies_from(text)
    await versions.keep(session, calendars=SHIPPED, policies=policies, now=now)
    return policies
