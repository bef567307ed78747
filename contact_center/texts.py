"""Everything the product says to customers, by language, from `config/texts/<language>.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

FALLBACK = "en"


class Texts:
    def __init__(self, phrases: Mapping[str, Mapping[str, str]]) -> None:
        self._phrases = phrases  # language → key → phrase with {placeholders}

    @property
    def languages(self) -> list[str]:
        return sorted(self._phrases)

    def keys(self, language: str) -> set[str]:
        return set(self._phrases[language])

    def say(self, language: str, key: str, **values: object) -> str:
        """The phrase in the language, or in English where that language is not spoken here."""
        return self.phrase(language, key).format(**values)

    def phrase(self, language: str, key: str) -> str:
        """With its placeholders."""
        return (self._phrases.get(language) or self._phrases[FALLBACK])[key]


def load_texts(directory: Path) -> Texts:
    """Read every `<language>.toml`: `greet` in section `[menu]` becomes the key `menu.greet`."""
    return Texts({file.stem: _flatten(file) for file in sorted(directory.glob("*.toml"))})


def _flatten(file: Path) -> dict[str, str]:
    sections: dict[str, dict[str, str]] = tomllib.loads(file.read_text("utf-8"))
    return {
        f"{section}.{key}": text for section, keys in sections.items() for key, text in keys.items()
    }


def missing_texts(texts: Texts) -> list[str]:
    """`language: key` for each phrase that one language has and another has not."""
    known = {key for language in texts.languages for key in texts.keys(language)}
    return [
        f"{language}: {key}"
        for language in texts.languages
        for key in sorted(known - texts.keys(language))
    ]
