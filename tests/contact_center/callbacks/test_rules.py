import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.callbacks import rules
from contact_center.callbacks.rules import Answer, is_courtesy, needs_nobody, understand

YES, NO = Answer(solved=True), Answer(solved=False)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes", YES),
        ("Yes!", YES),
        ("Yes, thanks a lot", YES),
        ("Solved", YES),
        ("it's fixed now", YES),
        ("no problem, thank you", YES),
        ("Yes\n\nBest regards,\nAnn Lee", YES),
        ("是的", YES),
        ("已解决，谢谢", YES),
        ("解决了", YES),
        ("没问题了", YES),
        ("没有问题", YES),
        ("好了！", YES),
        ("👍", YES),
        ("no", NO),
        ("No.", NO),
        ("No, the parcel is still missing", NO),
        ("not solved", NO),
        ("Not solved!! call me", NO),
        ("still not fixed", NO),
        ("没解决", NO),
        ("没有解决", NO),
        ("还没解决", NO),
        ("未解决", NO),
        ("问题根本没有解决，请尽快处理", NO),
        ("没有", NO),
        ("没有，还是不行", NO),
        ("不", NO),
        ("没解决好", NO),
        ("5", Answer(score=5)),
        ("５分", Answer(score=5)),
        ("5分", Answer(score=5)),
        ("4/5", Answer(score=4)),
        ("3 stars", Answer(score=3)),
        ("1 分。", Answer(score=1)),
        ("五星", Answer(score=5)),
        ("五星好评", Answer(score=5)),
        ("三分", Answer(score=3)),
        ("满分", Answer(score=5)),
        ("⭐⭐⭐⭐", Answer(score=4)),
        ("★★", Answer(score=2)),
        ("five", Answer(score=5)),
        ("满意", Answer(score=4)),
        ("非常满意，谢谢", Answer(score=5)),
        ("不满意", Answer(score=2)),
        ("非常不满意", Answer(score=1)),
        ("yes, 5", Answer(solved=True, score=5)),
        ("已解决，5分", Answer(solved=True, score=5)),
        ("没解决 1分", Answer(solved=False, score=1)),
        ("5, thanks", Answer(score=5)),
    ],
)
def test_typed_answers_are_understood(text, answer) -> None:
    assert understand(text, button=None) == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes, but the lid is missing",
        "是的，但是还有一个问题",
        "解决了吗？",
        "已解决的那个问题又出现了",
        "When will you call me?",
        "thanks",
        "谢谢",
        "不用担心",
        "10",
        "5.5",
        "15:00",
        "5 parcels are missing",
        "7",
        "yes no",
        "1 or 5",
        "not now",
        "不用了",
        "⭐⭐⭐⭐⭐⭐",
        "number 5 is missing",
        "yesterday",
        "好的",
    ],
)
def test_anything_else_is_a_message_like_any_other(text) -> None:
    assert understand(text, button=None) is None


@pytest.mark.parametrize(
    ("button", "answer"),
    [
        ("callback:yes", YES),
        ("callback:no", NO),
        ("callback:1", Answer(score=1)),
        ("callback:5", Answer(score=5)),
        ("callback:6", None),
        ("callback:", None),
        ("claim:5", None),
        ("5", None),
    ],
)
def test_only_our_own_buttons_are_answers(button, answer) -> None:
    assert understand("Yes, solved", button=button) == answer


@pytest.mark.parametrize("text", ["Thanks", "thank you very much!", "谢谢", "好的，谢谢您", "ok"])
def test_thanks_are_no_more_than_that(text) -> None:
    assert is_courtesy(text)


@pytest.mark.parametrize("text", ["", "thanks for nothing", "谢谢，但是没有收到", "yes"])
def test_what_says_more_is_no_courtesy(text) -> None:
    assert not is_courtesy(text)


@pytest.mark.parametrize(
    ("text", "button", "nobody"),
    [
        ("5", None, True),
        ("thanks", None, True),
        ("Yes, solved", "callback:yes", True),
        ("No", "callback:no", False),
        ("1", None, False),
        ("Where is my parcel?", None, False),
        ("thanks", "menu:question", False),
    ],
)
def test_after_all_is_over_only_good_words_need_nobody(text, button, nobody) -> None:
    assert needs_nobody(text, button=button) is nobody


@given(st.text(max_size=300))
def test_whatever_is_typed_gives_a_score_within_the_scale_or_none(text) -> None:
    answer = understand(text, button=None)

    assert answer is None or answer.score in (None, 1, 2, 3, 4, 5)
    assert answer != Answer()


def test_many_empty_lines_are_read_in_one_pass(monkeypatch) -> None:
    monkeypatch.setattr(rules, "_LONGEST", 500_000)  # hours, if each began a look at all

    assert understand("yes" + "\n" * 400_000 + "but late", button=None) is None


@pytest.mark.parametrize("text", ["x" * 9_000, "\ufdfa" * 9_000])
def test_only_the_beginning_of_a_long_text_is_looked_at(text, monkeypatch) -> None:
    looked_at = []
    monkeypatch.setattr(rules, "_SIGN_OFF", Sub(looked_at))

    understand(text, button=None)

    assert len(looked_at) == 1
    assert len(looked_at[0]) <= rules._LONGEST


def test_a_message_is_parsed_once_whatever_is_asked_about_it(monkeypatch) -> None:
    looked_at = []
    monkeypatch.setattr(rules, "_SIGN_OFF", Sub(looked_at))

    needs_nobody("thanks, once", button=None)
    is_courtesy("thanks, once")

    assert len(looked_at) == 1


class Sub:
    """A pattern that notes what it is asked to replace in."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    def sub(self, new: str, text: str) -> str:
        self.seen.append(text)
        return text
