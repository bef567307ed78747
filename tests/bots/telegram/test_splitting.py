import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.telegram.splitting import LIMIT, split, units

FAMILY = "👨‍👩‍👧‍👦"


def test_a_short_text_is_one_part():
    assert split("Hello") == ["Hello"]


def test_nothing_but_white_space_is_no_part():
    assert split(" \n ") == []
    assert split("") == []


def test_an_emoji_counts_two_units():
    assert units("a😀") == 3
    assert [units(part) for part in split("😀" * 3000)] == [4096, 1904]


def test_five_thousand_letters_without_a_blank_are_cut_at_the_limit():
    assert [len(part) for part in split("x" * 5000)] == [4096, 904]


@pytest.mark.parametrize(
    ("place", "first"),
    [("\n\n", "paragraph"), ("\n", "line"), (". ", "sentence"), ("。", "sentence"), (" ", "word")],
)
def test_a_part_ends_at_the_best_place_there_is(place, first):
    text = "x" * 3000 + place + "y" * 3000

    assert split(text) == ["x" * 3000 + place, "y" * 3000]


def test_a_paragraph_is_preferred_to_a_later_word():
    text = "x" * 3000 + "\n\n" + "word " * 500

    assert split(text)[0] == "x" * 3000 + "\n\n"


def test_a_place_in_the_first_half_is_too_early():
    assert len(split("x\n" + "y" * 6000)[0]) == LIMIT


def test_a_family_stays_together():
    parts = split("x" * (LIMIT - 5) + FAMILY + "y")

    assert parts == ["x" * (LIMIT - 5), FAMILY + "y"]


@given(st.text(alphabet=st.sampled_from("ab \n.。，😀👨‍é🇨🇳\u0301"), max_size=300))
def test_parts_are_the_text_and_fit(text):
    parts = split(text, limit=20)

    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(0 < units(part) <= 20 for part in parts)
