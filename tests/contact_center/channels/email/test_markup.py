import pytest

from contact_center.channels.email.markup import text_of


def test_what_html_quotes_is_marked_like_in_a_text_mail() -> None:
    markup = "<p>Yes.</p><blockquote><p>Is it blue?</p><blockquote>Red?</blockquote></blockquote>"

    lines = [line for line in text_of(markup).split("\n") if line.strip("> ")]

    assert lines == ["Yes.", "> Is it blue?", ">> Red?"]


def test_scripts_styles_and_hidden_text_are_dropped() -> None:
    markup = (
        "<style>p {color: red}</style><script>alert(1)</script><!-- note -->"
        '<p style="display:none">preview</p><p>Hello</p>'
    )

    assert text_of(markup).strip() == "Hello"


def test_text_after_a_style_that_never_ends_is_not_lost() -> None:
    assert "Hello" in text_of("<p>Hello</p><style>p {")


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 20_000 + "text",
        "".join(f"<b id={n}>" for n in range(100)) + "<p>text" * 5_000,
        "text" + "<" * 200_000,
        "<!--" * 50_000 + "text",
        "<table><tr><td>" * 60 + "text",
        "<blockquote>" * 190 + "text",
        '<?xml version="1.0" encoding="gb2312"?><p>text',
        "\x00<p>text\ud800</p>",
    ],
    ids=range(8),
)
def test_hostile_markup_still_gives_its_text(markup: str) -> None:
    text = text_of(markup)

    assert "text" in text
    assert "\x00" not in text
    text.encode()
