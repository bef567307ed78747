import pytest

from bots.telegram import buttons
from contact_center.channels.base import Button

SECRET = b"a secret"


def test_a_press_says_what_was_offered():
    data = buttons.token(SECRET, chat="5", value="survey.17:5")

    assert buttons.value(SECRET, chat="5", data=data) == "survey.17:5"


@pytest.mark.parametrize(
    "data", ["", ".", "claim:1", "claim:1.", "claim:1.AAAAAAAA", "claim:1.ééé", "\u20ac.\u20ac"]
)
def test_what_was_not_offered_says_nothing(data):
    assert buttons.value(SECRET, chat="5", data=data) is None


def test_a_button_of_another_chat_says_nothing():
    data = buttons.token(SECRET, chat="5", value="claim:1")

    assert buttons.value(SECRET, chat="6", data=data) is None
    assert buttons.value(b"another", chat="5", data=data) is None


def test_forty_characters_fit_into_callback_data():
    assert len(buttons.token(SECRET, chat="-1001234567890", value="x" * 40)) <= 64


def test_a_value_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="too long"):
        buttons.token(SECRET, chat="5", value="评" * 20)


@pytest.mark.parametrize(
    ("labels", "widths"),
    [
        (["1", "2", "3", "4", "5"], [5]),
        (["Yes", "No"], [2]),
        (["I have a question", "I have a complaint"], [1, 1]),
        (["Skip", "Back", "Cancel"], [2, 1]),
    ],
)
def test_short_labels_stand_side_by_side(labels, widths):
    offered = [Button(label, label) for label in labels]

    keyboard = buttons.keyboard(offered, secret=SECRET, chat="5")

    assert [len(row) for row in keyboard.inline_keyboard] == widths


def test_without_buttons_there_is_no_keyboard():
    assert buttons.keyboard([], secret=SECRET, chat="5") is None
