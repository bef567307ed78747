from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from contact_center.texts import load_texts
from scheduler.letters import Words

TEXTS = load_texts(Path("config/texts"))


@pytest.fixture
def words() -> Words:
    return Words(TEXTS, "en", ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0, "0 min"),
        (1, "1 min"),
        (60, "1 min"),
        (61, "2 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (86_400, "1 d"),
        (90_000, "1 d 1 h"),
        (86_400 * 12 + 60, "12 d"),
    ],
)
def test_durations_have_two_units_at_most(words, seconds, said) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "–"),
        (1.0, "100%"),
        (0.9999, "99.9%"),
        (0.7956, "79.5%"),
        (0.8, "80%"),
        (0.0, "0%"),
        (0.29, "29%"),
    ],
)
def test_shares_are_cut_off_and_never_rounded_up(words, share, said) -> None:
    assert words.share(share) == said


@pytest.mark.parametrize("language", TEXTS.languages)
def test_there_are_seven_weekdays_and_twelve_months(language) -> None:
    assert len(TEXTS.say(language, "digest.weekdays").split()) == 7
    assert len(TEXTS.say(language, "digest.months").split()) == 12
