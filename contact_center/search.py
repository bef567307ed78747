"""Words for full-text search, the same on every database, in English and Chinese.

Both engines get tokens that they need not take apart again: folded and lightly stemmed words, and
pairs of neighbouring Chinese characters written in hexadecimal. (Their own tokenizers either know
no Chinese or cannot find a word of two characters.)
"""

import re
import unicodedata

_HAN = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_FIRST_HAN = "\u2e80"
_SUFFIXES = ("ings", "ing", "edly", "ed", "ies", "es", "s")
LONGEST_TOKEN = 40
MOST_TOKENS = 4_000  # of one text: what lies beyond is kept, but not found
MOST_OF_A_NAME = 100  # tokens likewise


def tokens(text: str) -> list[str]:
    """Search tokens in reading order, with repeats."""
    found: list[str] = []
    for run in _RUN.findall(_fold(text)):
        if run[0] >= _FIRST_HAN:
            pairs = [run[i : i + 2] for i in range(len(run) - 1)] or [run]
            found.extend("x" + pair.encode("utf-16-be").hex() for pair in pairs)
        else:
            found.append(_stem(run)[:LONGEST_TOKEN])
        if len(found) >= MOST_TOKENS:
            break
    return found[:MOST_TOKENS]


def name_tokens(text: str) -> list[str]:
    """For names and addresses, which are found by how their words begin; each token once.

    Words are not stemmed. The last Chinese character of a run stands alone too, so that every
    character begins a token.
    """
    found: dict[str, None] = {}
    for run in _RUN.findall(_fold(text)):
        if run[0] >= _FIRST_HAN:
            pairs = (run[i : i + 2] for i in range(len(run)))
            found |= dict.fromkeys("x" + pair.encode("utf-16-be").hex() for pair in pairs)
        else:
            found[run[:LONGEST_TOKEN]] = None
    return list(found)[:MOST_OF_A_NAME]


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _stem(word: str) -> str:
    if not word.endswith(_SUFFIXES):
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) > len(suffix) + 3:
            return word[: -len(suffix)]
    return word
