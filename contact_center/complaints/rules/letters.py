"""Letters to customers, from the texts and the facts of the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from contact_center.texts import Texts


class LetterKind(StrEnum):
    ACKNOWLEDGEMENT = "acknowledgement"
    HOLDING = "holding"  # it takes longer, and until when
    OVERDUE = "overdue"  # the time is over, and there is no decision
    FINAL = "final"
    SUMMARY = "summary"  # accepted early: a summary resolution communication


@dataclass(frozen=True, slots=True)
class Letter:
    kind: LetterKind
    title: str
    paragraphs: Sequence[str]
    language: str

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)


def compose(kind: LetterKind, *, facts: Mapping[str, str], texts: Texts, language: str) -> Letter:
    """What is not known yet is left as a line to fill in."""
    known = {name: fact or "…" for name, fact in facts.items()}
    body = texts.say(language, f"letters.{kind}", **known)
    greeting = texts.say(language, "letters.greeting", **known)
    ending = texts.say(language, "letters.ending", **known)
    paragraphs = [part.strip() for part in (greeting, *body.split("\n\n"), ending)]
    title = texts.say(language, f"letters.{kind}_title", **known)
    return Letter(kind, title, [part for part in paragraphs if part], language)


def decided(outcome: str | None, *, texts: Texts, language: str) -> str:
    return texts.say(language, f"letters.{outcome}") if outcome else ""
