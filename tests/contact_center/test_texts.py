"""What the product says, by language."""

from pathlib import Path

from contact_center.texts import load_texts


def test_a_companys_own_words_replace_those_that_are_shipped(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    for directory, phrases in (
        (shipped, 'greet = "Hello"\nthank = "Thanks"'),
        (own, 'greet = "Hi"'),
    ):
        directory.mkdir()
        (directory / "en.toml").write_text(f"[menu]\n{phrases}\n", "utf-8")

    texts = load_texts(shipped, own)

    assert (texts.say("en", "menu.greet"), texts.say("en", "menu.thank")) == ("Hi", "Thanks")
