"""Cuts a text into messages that Telegram takes: at most 4096 UTF-16 units each."""

import re
import unicodedata

LIMIT = 4096  # UTF-16 code units

# Best places first: between paragraphs, lines, sentences, clauses, words.
_PLACES = [
    re.compile(pattern)
    for pattern in (r"\n\s*\n", r"\n", r"[.!?]\s+|[。！？]", r"[,;:]\s+|[，；：、]", r"\s+")
]
_JOINER = "\u200d"


def units(text: str) -> int:
    """Length in UTF-16 code units: an emoji counts two or more."""
    return len(text) + sum(char > "\uffff" for char in text)


def split(text: str, *, limit: int = LIMIT) -> list[str]:
    """Parts in order; together they are the text, but for parts of nothing but white space."""
    parts = []
    while units(text) > limit:
        cut = _cut(text[: _fitting(text, limit)], text)
        parts.append(text[:cut])
        text = text[cut:]
    parts.append(text)
    return [part for part in parts if part.strip()]


def _fitting(text: str, limit: int) -> int:
    """How many characters fit into the limit."""
    used = 0
    for index, char in enumerate(text):
        used += 2 if char > "\uffff" else 1
        if used > limit:
            return index
    return len(text)


def _cut(window: str, text: str) -> int:
    """Where to cut within the window: after its last good place, if that is not too early."""
    half = len(window) // 2
    for place in _PLACES:
        ends = [match.end() for match in place.finditer(window, half)]
        if ends:
            return ends[-1]
    cut = len(window)
    while cut > half and _belongs_together(text[cut - 1], text[cut]):
        cut -= 1
    return cut if cut > half else len(window)


def _belongs_together(before: str, after: str) -> bool:
    """Inside one visible character, such as a family emoji, a flag or an accented letter."""
    return (
        _JOINER in (before, after)
        or unicodedata.combining(after) > 0
        or "\ufe00" <= after <= "\ufe0f"
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or ("\U0001f1e6" <= after <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff")
    )
