"""Why a deadline is when it is, in sentences: policy, calendar, days off, pauses, the law."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby

from contact_center.calendars.days import ELAPSED, Count, Due, End, Roll, Rule, Target
from contact_center.calendars.hours import between
from contact_center.calendars.week import Calendar, DayKind
from contact_center.policies.terms import Evidence, Terms
from contact_center.policies.wording import LANGUAGES, WORDS

LONGEST_LIST = 12  # dates that are named

_ONE_DAY = timedelta(days=1)

Pause = tuple[datetime, datetime]


def explain(
    terms: Terms,
    *,
    start: datetime,
    due: Due,
    language: str,
    pauses: Sequence[Pause] = (),
    zone: tzinfo | None = None,
) -> list[str]:
    """In English where the language is not spoken here; times are of the calendar's zone."""
    language = language if language in LANGUAGES else "en"
    writer = _Writer(terms, language, zone or terms.calendar.tz)
    return list(writer.sentences(start, due, pauses))


def in_words(target: Target, language: str) -> str:
    """ "4 business hours"."""
    words = WORDS[language if language in LANGUAGES else "en"]
    if not target.amount:
        return words["same_day"]
    number = "one" if target.amount == 1 and language == "en" else "many"
    return words[f"{target.unit}_{number}"].format(n=target.amount)


def evidence_in_words(evidence: Evidence, language: str) -> str:
    return WORDS[language if language in LANGUAGES else "en"][f"evidence_{evidence}"]


def rule_in_words(rule: Rule, target: Target, language: str) -> str:
    """How days are counted, and where time ends; "" where that is as usual."""
    words = WORDS[language if language in LANGUAGES else "en"]
    if not target.in_days:
        return words["opening"] if rule.end is End.OPENING else ""
    keys = [] if rule.count is Count.EXCLUDE_FIRST else ["count_include_first"]
    keys += [] if rule.roll is Roll.NONE else [f"roll_{rule.roll}"]
    keys.append("close" if rule.end is End.CLOSE else "midnight")
    return words["comma"].join(words[key].strip() for key in keys)


class _Writer:
    def __init__(self, terms: Terms, language: str, zone: tzinfo) -> None:
        self.terms = terms
        self.language = language
        self.zone = zone
        self.words = WORDS[language]

    def sentences(self, start: datetime, due: Due, pauses: Sequence[Pause]) -> Iterator[str]:
        yield from self.promise()
        yield self.counting(start, due)
        if self.terms.rule.end is End.OPENING:
            yield self.words["at_opening"]
        yield from self.days_between(start, due)
        yield from self.stood_still(pauses)
        yield from self.law(due)
        if due.provisional:
            yield self.say("provisional", day=self.terms.calendar.valid_until or "")
        yield self.say("due", at=self.instant(due.internal))

    def promise(self) -> Iterator[str]:
        terms = self.terms
        title = terms.title.get(self.language) or terms.title["en"]
        yield self.say(
            "promise",
            title=title,
            clock=self.words[terms.kind],
            target=in_words(terms.target, self.language),
        )
        yield self.words[f"evidence_{terms.evidence}"] + self.words["stop"]
        if terms.unscaled is not None:
            yield self.say(
                "tier",
                tier=terms.tier or "",
                target=in_words(terms.target, self.language),
                usual=in_words(terms.unscaled, self.language),
            )

    def counting(self, start: datetime, due: Due) -> str:
        at, calendar = self.instant(start), self.terms.calendar.title(self.language)
        if due.legal_day is None:
            key = "elapsed" if self.terms.target.unit in ELAPSED else "open_time"
            return self.say(key, at=at, calendar=calendar)
        counted = self.terms.rule.count is Count.EXCLUDE_FIRST
        closes = self.terms.rule.end is End.CLOSE and self.terms.calendar.is_business_day(
            due.legal_day
        )
        return self.say(
            "days_after" if counted else "days_with",
            at=at,
            calendar=calendar,
            day=self.day(due.legal_day),
            end=self.words["close" if closes else "midnight"],
        )

    def days_between(self, start: datetime, due: Due) -> Iterator[str]:
        """Named once for each run of days with the same reason."""
        calendar = self.terms.runs_on
        first = start.astimezone(calendar.tz).date()
        last = max(due.legal_day or first, due.legal.astimezone(calendar.tz).date())
        overrides = [d for d in _days(first, last) if d in calendar.overrides]
        for kind in (DayKind.CLOSED, DayKind.OTHER, DayKind.MAKEUP):
            days = [d for d in overrides if calendar.kind_of(d) is kind]
            if days:
                yield self.say(f"days_{kind}", days=self.listed(calendar, days))

    def listed(self, calendar: Calendar, days: Sequence[date]) -> str:
        parts = []
        for name, run in groupby(days, lambda d: calendar.overrides[d].name(self.language)):
            dates = list(run)
            span = self.day(dates[0])
            if len(dates) > 1:
                span += self.words["to"] + self.day(dates[-1])
            parts.append(self.words["named"].format(span=span, name=name) if name else span)
        more = self.words["and_so_on"] if len(parts) > LONGEST_LIST else ""
        return self.words["comma"].join(parts[:LONGEST_LIST]) + more

    def stood_still(self, pauses: Sequence[Pause]) -> Iterator[str]:
        for paused, resumed in pauses:
            seconds = between(self.terms.runs_on, paused, resumed)
            yield self.say(
                "pause",
                start=self.instant(paused),
                end=self.instant(resumed),
                hours=seconds // 3600,
                minutes=f"{seconds % 3600 // 60:02}",
            )

    def law(self, due: Due) -> Iterator[str]:
        if due.legal_day is None or due.unrolled is None or due.internal_day is None:
            return
        if due.unrolled != due.legal_day:
            yield self.say("rolled", day=self.day(due.unrolled), legal=self.day(due.legal_day))
        if due.internal_day != due.legal_day:
            yield self.say(
                "internal", legal=self.instant(due.legal), internal=self.day(due.internal_day)
            )

    def say(self, key: str, **values: object) -> str:
        return self.words[key].format(**values)

    def instant(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{self.day(local.date())} {local:%H:%M}"

    def day(self, day: date) -> str:
        weekday = self.words["weekdays"].split()[day.weekday()]
        return self.words["day"].format(weekday=weekday, day=day.isoformat())


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _ONE_DAY
