"""Finds a promise with a time in what an agent writes, in English and Chinese.

It only offers: who writes decides. A sentence counts when it says that we will do something and
by when; questions, refusals and what is asked of the customer do not.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from contact_center.promises.rules import chinese, english
from contact_center.promises.rules.keeping import FURTHEST
from contact_center.promises.rules.moments import END_OF_DAY, Moment

LONGEST = 5_000  # characters looked at
LONGEST_SENTENCE = 300  # characters that are kept
_SENTENCES = re.compile(r"[^\n。！？!?;；]*?(?:[。！？!?;；\n]|(?<![ap]\.m)\.(?=\s|$)|$)")


@dataclass(frozen=True, slots=True)
class Offer:
    text: str  # the sentence
    due_at: datetime  # UTC


def detect(text: str, *, now: datetime, zone: tzinfo) -> Offer | None:
    """The first promise for a time that lies ahead; times are those of `zone`."""
    for found in _SENTENCES.finditer(text[:LONGEST]):
        sentence = found[0].strip()
        if not sentence or sentence.endswith(("?", "？")):
            continue
        language = chinese if chinese.HAN.search(sentence) else english
        if language.promises(sentence) and (moment := language.moment_in(sentence)):
            try:
                due_at = _resolve(moment, now=now, zone=zone)
            except (ValueError, OverflowError):
                continue  # a year that the calendar does not have
            if due_at is not None and now < due_at <= now + FURTHEST:
                return Offer(sentence[:LONGEST_SENTENCE], due_at)
    return None


def _resolve(moment: Moment, *, now: datetime, zone: tzinfo) -> datetime | None:
    """None for what lies in the past, or never is."""
    if moment.after is not None:
        return _to_minute(now + moment.after)
    local = now.astimezone(zone)
    day = _day(moment, local.date())
    if day is None:
        return None
    at = _local(day, moment.at or END_OF_DAY, zone)
    if at > now or moment.is_fixed:
        return at
    if moment.weekday is not None:
        return _local(day + timedelta(days=7), moment.at or END_OF_DAY, zone)
    # "at 3 pm", said in the evening, is tomorrow
    return _local(day + timedelta(days=1), moment.at or END_OF_DAY, zone)


def _day(moment: Moment, today: date) -> date | None:
    if moment.business_days is not None:
        return _business_day(today, moment.business_days)
    if moment.weekday is not None:
        if moment.weeks is None:
            return today + timedelta(days=(moment.weekday - today.weekday()) % 7)
        monday = today - timedelta(days=today.weekday())
        return monday + timedelta(days=moment.weekday, weeks=moment.weeks)
    if moment.month is not None or moment.day is not None:
        return _date(moment, today)
    return today + timedelta(days=moment.days or 0)


def _date(moment: Moment, today: date) -> date | None:
    """Without a year, the next such day."""
    for number in range(13):
        month = moment.month or (today.month - 1 + number) % 12 + 1
        later = number if moment.month else (today.month - 1 + number) // 12
        year = today.year + later if moment.year is None else moment.year
        try:
            day = date(year, month, moment.day or 1)
        except ValueError:
            continue
        if day >= today:
            return day
        if moment.year is not None:
            return None
    return None


def _business_day(day: date, number: int) -> date:
    """Holidays are not known here: whoever writes sees the date before it is promised."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def _local(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _to_minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)
