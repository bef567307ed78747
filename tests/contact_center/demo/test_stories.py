from random import Random

import pytest

from bots.dialogs.words import complains
from contact_center.callbacks.rules import is_courtesy, understand
from contact_center.demo.stories import LANGUAGES, content_in, tell
from tests.conftest import NOON


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


def told(story, language: str):
    return tell(
        story,
        language=language,
        name="Ann",
        company="Ann & Co",
        agent="Tom",
        at=NOON,
        random=Random(3),
    )


def test_every_story_can_be_told(language) -> None:
    for story in content_in(language).story:
        telling = told(story, language)
        assert telling.opening
        assert telling.subject
        assert story.cancel or any(who == "a" for who, _ in telling.lines)
        assert all(who in "acn" and text for who, text in telling.lines)


def test_complaints_open_the_complaint_form_of_the_chat(language) -> None:
    for story in content_in(language).story:
        for opening in story.open:
            assert complains(opening) == story.is_complaint, opening
        if story.is_complaint:
            assert story.since
            assert story.remedy


def test_thanks_are_taken_for_thanks_and_nothing_else(language) -> None:
    content = content_in(language)
    assert all(is_courtesy(text) for text in content.thanks)
    assert not any(understand(text, button=None) for text in content.still)
