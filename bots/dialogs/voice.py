"""Says things in one customer's language."""

from dataclasses import dataclass

from contact_center.channels.base import Button
from contact_center.channels.dialogue import Say
from contact_center.texts import Texts

LONGEST_SUBJECT = 120  # characters


@dataclass(frozen=True, slots=True)
class Voice:
    texts: Texts
    company: str
    language: str

    def phrase(self, key: str, **values: object) -> str:
        return self.texts.say(self.language, key, **values).strip()

    def say(self, key: str, buttons: dict[str, str] | None = None, **values: object) -> Say:
        """`buttons` maps what a button means to the key of its label."""
        offered = tuple(
            Button(self.phrase(label), value) for value, label in (buttons or {}).items()
        )
        return Say(self.phrase(key, **values), offered)


def subject_of(text: str) -> str | None:
    """The first line, cut at a word where it is long; None where there is none."""
    line = next((line.strip() for line in text.strip().splitlines() if line.strip()), "")
    if len(line) <= LONGEST_SUBJECT:
        return line or None
    cut = line[: LONGEST_SUBJECT - 1]
    head, blank, _ = cut.rpartition(" ")
    return (head if blank and len(head) > LONGEST_SUBJECT // 2 else cut) + "…"
