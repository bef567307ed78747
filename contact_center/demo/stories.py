"""What customers of the demo shop write about: read from `content/`, told with changing facts."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random

from pydantic import BaseModel, ConfigDict

from contact_center.tickets.models import ResolutionCode, Status, TicketKind

CONTENT = Path(__file__).parent / "content"
LANGUAGES = ("en", "zh")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Story(_Part):
    """`talk` goes on after one of `open`: "a: …" an agent, "c: …" the customer, "n: …" a note."""

    id: str
    kind: TicketKind = TicketKind.INQUIRY
    category: str
    priority: str | None = None
    subject: str
    open: list[str]
    talk: list[str]
    since: str = ""  # what the complaint form asks for
    remedy: str = ""
    code: ResolutionCode = ResolutionCode.SOLVED
    wait: Status | None = None  # where it waits for somebody before the last word
    cancel: str | None = None  # why it is cancelled, where it is

    @property
    def is_complaint(self) -> bool:
        return self.kind is TicketKind.COMPLAINT


class Canned(_Part):
    shortcut: str
    title: str
    text: str
    team: str | None = None


class Scenery(_Part):
    """What colleagues write to each other."""

    work: list[str]  # what departments are asked for
    worked: list[str]  # what came of each
    done: str
    not_ours: str
    more_time: str
    promises: dict[str, str]
    note: str
    instruction: str
    question: str  # in an investigation
    evidence: str


class Content(_Part):
    products: list[str]
    teas: list[str]
    fragile: list[str]
    devices: list[str]
    cities: list[str]
    carriers: list[str]
    partners: list[str]
    weekdays: list[str]
    thanks: list[str]
    reminder: list[str]  # of somebody who writes a second mail
    still: list[str]
    again: list[str]
    anyhow: list[str]  # what agents can always say
    next_step: str  # of a complaint
    reasons: str
    decision: str
    scenery: Scenery
    story: list[Story]
    canned: list[Canned]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A story with its facts, of one customer."""

    story: Story
    content: Content
    facts: Mapping[str, str]
    opening: str

    def fill(self, text: str) -> str:
        return text.format_map(self.facts)

    @property
    def subject(self) -> str:
        return self.fill(self.story.subject)

    @property
    def lines(self) -> Sequence[tuple[str, str]]:
        """Who says what after the opening."""
        return [(line[0], self.fill(line[2:].strip())) for line in self.story.talk]


@cache
def content_in(language: str) -> Content:
    file = CONTENT / f"{language}.toml"
    return Content(**tomllib.loads(file.read_text("utf-8")))


def tell(
    story: Story,
    *,
    language: str,
    name: str,
    company: str,
    agent: str,
    at: datetime,
    random: Random,
) -> Telling:
    content = content_in(language)
    device = random.choice(content.devices)
    facts = {
        "order": f"LK-{random.randint(20_000, 79_999)}",
        "invoice": f"{at:%Y}-{random.randint(1_000, 9_999)}",
        "tracking": f"00{random.randint(10**11, 10**12 - 1)}",
        "product": random.choice(content.products),
        "tea": random.choice(content.teas),
        "fragile": random.choice(content.fragile),
        "device": device,
        "amount": _amount(language, random),
        "city": random.choice(content.cities),
        "carrier": random.choice(content.carriers),
        "day": random.choice(content.weekdays),
        "name": name,
        "company": company,
        "agent": agent,
    }
    opening = random.choice(story.open).format_map(facts)
    return Telling(story=story, content=content, facts=facts, opening=opening)


def _amount(language: str, random: Random) -> str:
    if language == "zh":
        return f"{random.randint(40, 900)} 元"
    return f"€{random.randint(9, 140)}.{random.choice(('00', '50', '90', '95'))}"
