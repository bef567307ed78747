"""How a customer's answer to "Is it solved?" is understood."""

import re
import unicodedata
from dataclasses import dataclass

LOW = 2  # a score up to this sends the ticket back to its owner
BUTTON = "callback:"  # + "yes", "no", or a score

_YES = {
    "yes",
    "y",
    "yep",
    "solved",
    "resolved",
    "fixed",
    "是",
    "是的",
    "好了",
    "解决了",
    "已解决",
    "可以了",
}
_NO = {
    "no",
    "n",
    "nope",
    "not solved",
    "not resolved",
    "没有",
    "否",
    "不",
    "没解决",
    "未解决",
    "没有解决",
}
_SCORE = re.compile(r"([1-5])\s*(?:分|/\s*5|stars?|星)?")


@dataclass(frozen=True, slots=True)
class Answer:
    solved: bool | None = None
    score: int | None = None

    @property
    def is_bad(self) -> bool:
        return self.solved is False or (self.score is not None and self.score <= LOW)


def understand(text: str, *, button: str | None) -> Answer | None:
    """What a reply to the question means; None when it is a message like any other."""
    if button is not None:
        return _pressed(button)
    words = unicodedata.normalize("NFKC", text).strip().strip(".!。！?？").casefold()
    if words in _YES:
        return Answer(solved=True)
    if words in _NO:
        return Answer(solved=False)
    match = _SCORE.fullmatch(words)
    return Answer(score=int(match[1])) if match else None


def _pressed(button: str) -> Answer | None:
    value = button.removeprefix(BUTTON)
    if value == button:
        return None
    if value in ("yes", "no"):
        return Answer(solved=value == "yes")
    return Answer(score=int(value)) if value in {"1", "2", "3", "4", "5"} else None
