"""When a customer who says nothing is reminded, and when we give up."""

from dataclasses import dataclass
from datetime import datetime

from contact_center.calendars import days
from contact_center.calendars.days import Target, Unit
from contact_center.calendars.week import Calendar
from contact_center.settings import Reminders

LAST = 2  # reminders that are sent


@dataclass(frozen=True, slots=True)
class Schedule:
    """Business days after the customer was asked, each at close of business."""

    reminders: tuple[datetime, datetime]
    ends_at: datetime

    def passed(self, now: datetime) -> int:
        """How many reminders should have been sent."""
        return sum(due <= now for due in self.reminders)


def schedule(settings: Reminders, *, silent_since: datetime, hours: Calendar) -> Schedule:
    def after(number: int) -> datetime:
        return business_days(number, start=silent_since, hours=hours)

    return Schedule(
        reminders=(after(settings.first_after_days), after(settings.last_after_days)),
        ends_at=after(settings.resolve_after_days),
    )


def business_days(number: int, *, start: datetime, hours: Calendar) -> datetime:
    return days.due(Target(number, Unit.BUSINESS_DAYS), start, hours).internal
