"""Which of our languages a text is written in, told by its script."""

import re

_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿]")
_OTHER_EAST_ASIAN = re.compile(r"[぀-ヿ가-힯]")
_LATIN_WORDS = re.compile(r"[A-Za-z][a-z'’]+")
_LOOKED_AT = 2000  # characters


def detect(text: str) -> str | None:
    """ "zh", "en", or None where the text does not tell: numbers, emoji, an order number."""
    head = text[:_LOOKED_AT]
    if _OTHER_EAST_ASIAN.search(head):
        return None
    han, words = len(_HAN.findall(head)), len(_LATIN_WORDS.findall(head))
    if han and han >= words:
        return "zh"
    return "en" if words >= 2 and words > han else None
