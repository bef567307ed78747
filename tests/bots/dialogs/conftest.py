"""A dialogue with the texts that are shipped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bots.dialogs.talk import build_dialogue
from contact_center.channels.dialogue import Dialogue, OpenTicket, Step, Turn
from contact_center.texts import Texts, load_texts

TEXTS = load_texts(Path(__file__).parents[3] / "config" / "texts")


class Customer:
    """Says one thing after another and remembers where the dialogue stands."""

    def __init__(self, dialogue: Dialogue, *, language: str = "en") -> None:
        self._dialogue = dialogue
        self.language = language
        self.state: Mapping[str, Any] = {}
        self.tickets: list[OpenTicket] = []

    def says(self, text: str, *, button: str | None = None, files: bool = False) -> Step:
        step = self._dialogue(
            self.state,
            Turn(
                text=text,
                button=button,
                language=self.language,
                has_attachments=files,
                tickets=self.tickets,
            ),
        )
        self.state, self.language = step.state, step.language or self.language
        return step

    def presses(self, value: str) -> Step:
        return self.says("label", button=value)


@pytest.fixture
def texts() -> Texts:
    return TEXTS


@pytest.fixture
def dialogue() -> Dialogue:
    return build_dialogue(TEXTS, company="Tea & Co")


@pytest.fixture
def customer(dialogue: Dialogue) -> Customer:
    return Customer(dialogue)


@pytest.fixture
def chinese(dialogue: Dialogue) -> Customer:
    return Customer(dialogue, language="zh")
