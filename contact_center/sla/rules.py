"""Deadline arithmetic: plain minutes around the clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from contact_center.settings import Targets
from contact_center.sla.models import ClockKind


def dues(targets: Targets, *, start: datetime) -> dict[ClockKind, datetime]:
    """When each promise of a ticket that needs a human since `start` falls due."""
    minutes: Mapping[ClockKind, int] = {
        ClockKind.FIRST_RESPONSE: targets.first_response,
        ClockKind.RESOLUTION: targets.resolution,
    }
    return {kind: start + timedelta(minutes=number) for kind, number in minutes.items()}


def is_met(*, due_at: datetime, stopped_at: datetime) -> bool:
    """Met if and only if done at or before the due instant."""
    return stopped_at <= due_at
