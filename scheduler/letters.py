"""How a digest is put into a mail: figures to words, in the manager's language."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from contact_center.agents.models import Agent
from contact_center.reports.models import Digest, OwnerWeek
from contact_center.settings import Settings
from contact_center.texts import Texts

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
NOTHING = "–"
LONGEST_SUBJECT = 70  # characters of a ticket's subject


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str


def digest_letter(digest: Digest, reader: Agent, *, settings: Settings, texts: Texts) -> Letter:
    words = Words(texts, reader.language, ZoneInfo(digest.time_zone))
    desk = settings.server.public_url.rstrip("/") + "/desk"
    values = {
        "digest": digest,
        "reader": reader,
        "company": settings.company,
        "period": words.period(digest.first, digest.last),
        "w": words,
        "desk": desk,
    }
    subject = words.say("subject", company=settings.company, period=values["period"])
    return Letter(
        subject=subject,
        text=_TEMPLATES.get_template("digest.txt").render(values),
        html=_TEMPLATES.get_template("digest.html").render(values, subject=subject),
    )


def weekly_letter(
    owners: Sequence[OwnerWeek], reader: Agent, *, week: str, settings: Settings, texts: Texts
) -> Letter:
    """What owners answer for; times are the reader's."""
    said = partial(_say, texts, reader.language)
    values = {
        "owners": owners,
        "week": week,
        "company": settings.company,
        "w": Words(texts, reader.language, ZoneInfo(reader.time_zone)),
        "say": said,
        "state": lambda status: said(f"status_{status}"),
        "desk": settings.server.public_url.rstrip("/") + "/desk",
    }
    text = _TEMPLATES.get_template("weekly.txt").render(values)
    return Letter(f"{settings.company}: {said('title', week=week)}", text, "")


def _say(texts: Texts, language: str, name: str, **values: object) -> str:
    return texts.say(language, f"weekly.{name}", **values)


class Words:
    """Figures as one language writes them."""

    def __init__(self, texts: Texts, language: str, zone: ZoneInfo) -> None:
        self.language = language
        self._texts = texts
        self._zone = zone

    def say(self, name: str, **values: object) -> str:
        return self._texts.say(self.language, f"digest.{name}", **values)

    def clock(self, kind: str) -> str:
        return self._texts.say(self.language, f"alert_word.{kind}")

    def day(self, day: date) -> str:
        return self.say(
            "date",
            weekday=self.say("weekdays").split()[day.weekday()],
            day=day.day,
            month=self.say("months").split()[day.month - 1],
            year=day.year,
        )

    def period(self, first: date, last: date) -> str:
        if first == last:
            return self.day(first)
        return f"{self.day(first)} – {self.day(last)}"

    def moment(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}"

    def duration(self, seconds: float | None) -> str:
        """Two units at most: nobody acts on the minutes of a week."""
        if seconds is None:
            return NOTHING
        minutes = math.ceil(seconds / 60)
        days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
        if days:
            parts = [("days", days), ("hours", hours)]
        elif hours:
            parts = [("hours", hours), ("minutes", minutes)]
        else:
            parts = [("minutes", minutes)]
        said = [self.say(f"in_{unit}", number=number) for unit, number in parts if number]
        return " ".join(said) or self.say("in_minutes", number=0)

    def share(self, share: float | None) -> str:
        """Cut off, not rounded: 99.96% is not everything."""
        if share is None:
            return NOTHING
        tenths = math.floor(share * 1000 + 1e-9)
        return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10:.1f}%"

    def mean(self, value: float | None) -> str:
        return NOTHING if value is None else f"{value:.1f}"

    def short(self, text: str) -> str:
        return text if len(text) <= LONGEST_SUBJECT else text[: LONGEST_SUBJECT - 1] + "…"
