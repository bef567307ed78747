"""What the desk says to its people, from `locale/<language>.toml`."""

from pathlib import Path
from typing import Any

from contact_center.texts import FALLBACK as FALLBACK
from contact_center.texts import load_texts

LANGUAGES = {"en": "English", "zh": "简体中文"}
WORDS = load_texts(Path(__file__).parent / "locale")
_KEYS = WORDS.keys(FALLBACK)


def say(language: str, key: str, **values: Any) -> str:
    return WORDS.say(language, key, **values)


def name_of(language: str, section: str, code: object) -> str:
    """The word for a code; a code nobody has translated is shown as it is."""
    key = f"{section}.{code}"
    return say(language, key) if key in _KEYS else str(code)


def choose_language(accepted: str) -> str:
    """From an Accept-Language header, for somebody who is not logged in yet."""
    for part in accepted.lower().split(",")[:10]:
        language = part.split(";")[0].strip().split("-")[0]
        if language in LANGUAGES:
            return language
    return FALLBACK
