"""Dates and spans as people read them."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contact_center.desk.words import say
from contact_center.errors import Invalid

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def when(at: datetime, *, now: datetime, zone: ZoneInfo, language: str) -> str:
    """As short as it is clear: the time today, the day this year, else the whole date."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    time = f"{local:%H:%M}"
    if local.date() == today.date():
        return time
    values = {"day": local.day, "month": local.month, "year": local.year, "time": time}
    if language == "en":
        values["month"] = f"{local:%b}"
    return say(language, "time.day" if local.year == today.year else "time.date", **values)


def exactly(at: datetime, *, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def local_time(text: str, *, zone: str) -> datetime | None:
    """What a browser's field for a date and time gives. Raises Invalid."""
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(code="form.not_a_time", text=text) from None
    if not MINYEAR < local.year < MAXYEAR:  # elsewhere on earth it is another year
        raise Invalid(code="form.year_out_of_reach", year=local.year)
    if local.tzinfo is None:
        local = local.replace(tzinfo=zone_of(zone))
    return local.astimezone(UTC)


def span(seconds: float, *, language: str) -> str:
    """Without a sign; the page's script writes the same words while time passes."""
    left = int(abs(seconds))
    if left < _MINUTE:
        return say(language, "time.now")
    if left < _HOUR:
        return say(language, "time.m", m=left // _MINUTE)
    if left < _DAY:
        return say(language, "time.hm", h=left // _HOUR, m=left % _HOUR // _MINUTE)
    return say(language, "time.dh", d=left // _DAY, h=left % _DAY // _HOUR)
