"""How a promise with a time is said in English."""

import re
from datetime import time, timedelta

from contact_center.promises.rules.moments import END_OF_DAY, EVENING, NOON, Moment, clock

_DOES = (
    r"(?:call|phone|ring|get back|come back|reply|answer|respond|write|e-?mail|text|message"
    r"|contact|reach out|follow up|let you know|keep you|update|inform|tell|send|ship|dispatch"
    r"|deliver|refund|repay|replace|repair|fix|solve|resolve|check|look into|investigate|find out"
    r"|confirm|finish|complete|arrange|provide|have (?:it|this|an|the|your)|give you|be in touch"
    r"|visit|come|bring|pick up|do (?:it|this|that))"
)
_WILL = r"(?:'ll| will| shall|(?:'m|'re| am| are) going to|'d be able to| promise to| can)"
_PROMISES = re.compile(
    rf"\b(?:i|we|(?:my|our|a|the) \w+(?: \w+)?){_WILL} (?:\w+ ){{0,3}}?{_DOES}\b"
    r"|\byou(?:'ll| will| shall) (?:\w+ ){0,2}?(?:hear|have|get|receive|be (?:called|contacted))\b"
    r"|\bexpect (?:a|an|our|my|the|to hear)\b"
    r"|\bwill be (?:\w+ ){0,2}?(?:done|ready|sent|solved|resolved|fixed|repaired|refunded|shipped"
    r"|delivered|replaced|completed|with you|in touch)\b",
)
_REFUSES = re.compile(r"\b(?:won't|will not|cannot|can't|unable|if you|unless|not be able)\b")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_NUMBERS |= {"seven": 7, "ten": 10, "twelve": 12, "twenty-four": 24, "half an": 0}
_UNITS = {"minute": 60, "min": 60, "hour": 3600, "day": 86_400, "week": 7 * 86_400}

_SPAN = re.compile(
    rf"\b(?:in|within|in less than|after)(?: the next)? (\d{{1,3}}|{'|'.join(_NUMBERS)}) "
    r"(?:(business|working|work) )?(minute|min|hour|day|week)s?\b"
)
_DAY = re.compile(
    r"\b(?:(?P<days>the day after tomorrow|tomorrow|today|tonight|this (?:morning|afternoon"
    r"|evening))"
    rf"|(?:(?P<which>this|next|coming) )?(?P<weekday>{'|'.join(_DAYS)}"
    rf"|(?:{'|'.join(_SHORT_DAYS)})\b)"
    r"|(?P<iso>\d{4}-\d{2}-\d{2})"
    rf"|(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m1>{'|'.join(m[:3] for m in _MONTHS)})[a-z]*"
    rf"|(?P<m2>{'|'.join(m[:3] for m in _MONTHS)})[a-z]* (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?"
    r"|(?P<week>(?:the )?end of (?:the|this) week))\b"
)
_TIME = re.compile(
    r"\b(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s?(?P<half>[ap])\.?m\b"
    r"|\b(?P<hour24>\d{1,2}):(?P<minute24>\d{2})\b"
    r"|\b(?P<word>noon|midday|midnight|morning|afternoon|evening|tonight"
    r"|end of (?:the )?(?:business )?day|close of business|eod|cob)\b"
)
_WORDS = {
    "noon": NOON,
    "midday": NOON,
    "morning": NOON,
    "midnight": time(23, 59),
    "evening": EVENING,
    "tonight": EVENING,
}
_FRIDAY = 4


def promises(sentence: str) -> bool:
    plain = _plain(sentence)
    return _PROMISES.search(plain) is not None and _REFUSES.search(plain) is None


def moment_in(sentence: str) -> Moment | None:
    plain = _plain(sentence)
    if (span := _SPAN.search(plain)) is not None:
        return _after(span)
    day, at = _DAY.search(plain), _TIME.search(plain)
    if day is None:
        return Moment(at=_time(at)) if at and _time(at) else None
    return _on(day, _time(at) if at else None)


def _after(span: re.Match[str]) -> Moment:
    number = int(span[1]) if span[1].isdigit() else _NUMBERS[span[1]]
    if span[2] and span[3] == "day":
        return Moment(business_days=number, at=END_OF_DAY)
    seconds = _UNITS[span[3]] * number or _UNITS[span[3]] // 2
    if span[3] in ("day", "week"):
        return Moment(days=seconds // 86_400, at=END_OF_DAY)
    return Moment(after=timedelta(seconds=seconds))


def _on(day: re.Match[str], at: time | None) -> Moment:
    if day["days"]:
        days = {"tomorrow": 1, "the day after tomorrow": 2}.get(day["days"], 0)
        return Moment(days=days, at=at)
    if day["weekday"]:
        number = _SHORT_DAYS.index(day["weekday"][:3])
        return Moment(weekday=number, weeks=1 if day["which"] == "next" else None, at=at)
    if day["week"]:
        return Moment(weekday=_FRIDAY, weeks=0, at=at)
    if day["iso"]:
        year, month, number = (int(part) for part in day["iso"].split("-"))
        return Moment(year=year, month=month, day=number, at=at)
    name = day["m1"] or day["m2"]
    month = 1 + next(i for i, full in enumerate(_MONTHS) if full.startswith(name))
    return Moment(month=month, day=int(day["d1"] or day["d2"]), at=at)


def _time(found: re.Match[str]) -> time | None:
    if found["word"]:
        return _WORDS.get(found["word"], END_OF_DAY)
    if found["half"]:
        is_noon = found["hour"] == "12"
        hour = 0 if is_noon and found["half"] == "a" else int(found["hour"])
        return clock(hour, int(found["minute"] or 0), afternoon=found["half"] == "p")
    padded = found["hour24"].startswith("0")
    return clock(int(found["hour24"]), int(found["minute24"]), afternoon=None, padded=padded)


def _plain(sentence: str) -> str:
    return re.sub(r"\s+", " ", sentence.casefold().replace("’", "'"))
