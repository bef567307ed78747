"""How a customer's answer to "Is it solved?" is understood, in English and Chinese.

A typed answer counts only when all of it is understood: "yes, but the lid is missing" is a
message for a person. A "no" counts whatever follows it, for it leads to a person anyway.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

LOW = 2  # a score up to this sends the ticket back to its owner
BUTTON = "callback:"  # + "yes", "no", or a score
WRITTEN = frozenset({"email"})  # channels that show no buttons

_LONGEST = 2_000  # characters looked at
_NO = (
    r"(?:it(?:'s| is| has been)? )?(?:still )?not (?:yet )?(?:been )?(?:solved|resolved|fixed)"
    r"(?: yet)?|unsolved|unresolved|still (?:not working|broken)|not really|nope|no|n"
    r"|(?:问题)?(?:还|仍|仍然|依然|并|根本|完全)*(?:没有?|未|沒有?)(?:得到|被|能)?(?:解决|处理)(?:好)?"
    r"|没有|沒有|不是|没好|还没好|没|否|不|👎|❌"
)
_YES = (
    r"no (?:problems?|issues?)(?: any ?more| now)?"
    r"|(?:yes|yep|yeah),? it (?:is|was|has)|(?:it(?:'s| is| has been)? |all )?"
    r"(?:now )?(?:solved|resolved|fixed)(?: now)?|yes|yep|yeah|y|all good|works now|it works"
    r"|没有?(?:什么)?问题了?|没事了?|(?:问题)?(?:已经|已)?(?:解决|处理好|修好|弄好)了?"
    r"|是的?|对的?|可以了?|好了|👍|✅"
)
_SCORE = (
    r"(?P<digit>(?<![\d.])[1-5](?![\d.:%]))\s*(?:/\s*5|out of 5|points?|stars?|分|星|颗星)?"
    r"|(?P<word>one|two|three|four|five)(?: points?| stars?)?"
    r"|(?P<han>[一二三四五])\s*(?:分|星|颗星)|(?P<full>满分)"
    r"|(?P<stars>(?:⭐|★){1,5})(?!⭐|★)"
    r"|(?P<feeling>非常不满意|很不满意|不太满意|不满意|一般|基本满意|比较满意|非常满意|很满意|满意)"
)
_COURTESY = (
    r"(?:many |no,? )?thanks?(?: you)?(?: (?:so|very) much| a lot| again)?"
    r"(?: for (?:your|the) help)?|thx|ty|ok(?:ay)?|great|perfect|excellent|super|(?:very )?good"
    r"|well done|cheers|much appreciated"
    r"|no more questions|no further questions|you too"
    r"|(?:非常|十分|很|多)?(?:感谢|谢谢|多谢)(?:您|你|你们|了|啦)?|谢了|辛苦了?|麻烦(?:您|你)?了"
    r"|好评|好的?|不错|很好|很棒|知道了|收到|不用了?|不客气|嗯+|哦+|🙏|😊|🌹|❤"
)
_PHRASE = re.compile(
    rf"(?:(?P<score>{_SCORE})|(?P<yes>{_YES})|(?P<no>{_NO})|(?P<courtesy>{_COURTESY}))"
    r"(?![a-z0-9])"
)
_BETWEEN = re.compile(r"[\s,.;:!?~\-…、。·()'\"“”]*")
_SIGN_OFF = re.compile(
    r"\n[^\S\n]*(?:--|(?:(?:best|kind|warm)\s+)?(?:regards|wishes)|best\s*,|sincerely|yours|cheers|"
    r"sent from|此致|祝|发自).*",
    re.DOTALL,
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_BARE = {"没有", "沒有", "没", "不", "不是", "否", "n"}  # a "no" only where nothing is glued to it
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}
_FEELINGS = {
    "非常不满意": 1,
    "很不满意": 1,
    "不太满意": 2,
    "不满意": 2,
    "一般": 3,
    "基本满意": 4,
    "比较满意": 4,
    "满意": 4,
    "很满意": 5,
    "非常满意": 5,
}


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
    phrases, understood = _read(text)
    solved = {kind == "yes" for kind, _ in phrases if kind in ("yes", "no")}
    scores = {score for kind, score in phrases if kind == "score"}
    if phrases and phrases[0][0] == "no" and not understood:
        return Answer(solved=False)
    if not understood or len(solved) > 1 or len(scores) > 1 or not (solved or scores):
        return None
    return Answer(solved=next(iter(solved), None), score=next(iter(scores), None))


def is_courtesy(text: str) -> bool:
    """Whether it is no more than "thank you"."""
    phrases, understood = _read(text)
    return understood and bool(phrases) and all(kind == "courtesy" for kind, _ in phrases)


def needs_nobody(text: str, *, button: str | None) -> bool:
    """Whether what somebody says after all is over asks for nothing more."""
    answer = understand(text, button=button)
    if answer is None:
        return button is None and is_courtesy(text)
    return not answer.is_bad


def _pressed(button: str) -> Answer | None:
    value = button.removeprefix(BUTTON)
    if value == button:
        return None
    if value in ("yes", "no"):
        return Answer(solved=value == "yes")
    return Answer(score=int(value)) if value in {"1", "2", "3", "4", "5"} else None


def _read(text: str) -> tuple[Sequence[tuple[str, int | None]], bool]:
    """The phrases a text begins with, and whether there is nothing else in it."""
    return _parse(text[:_LONGEST])


@lru_cache(maxsize=64)  # whoever decides about a message asks several questions about it
def _parse(text: str) -> tuple[Sequence[tuple[str, int | None]], bool]:
    phrases: list[tuple[str, int | None]] = []
    rest = _plain(text)
    while rest:
        match = _PHRASE.match(rest)
        if match is None or _is_glued(match, rest):
            return phrases, False
        phrases.append(_phrase(match))
        rest = rest[match.end() :]
        rest = rest[_end_of(_BETWEEN, rest) :]
    return phrases, True


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()[:_LONGEST]  # one may become eighteen
    folded = folded.replace("\ufe0f", "").replace("’", "'")
    stripped = _SIGN_OFF.sub("", folded.strip())
    return stripped[_end_of(_BETWEEN, stripped) :]


def _is_glued(match: re.Match[str], rest: str) -> bool:
    """不 is a "no", 不用担心 is not."""
    return match[0] in _BARE and _HAN.match(rest, match.end()) is not None


def _phrase(match: re.Match[str]) -> tuple[str, int | None]:
    kind = next(name for name in ("yes", "no", "score", "courtesy") if match[name])
    return kind, next(_scores(match), None)


def _scores(match: re.Match[str]) -> Iterator[int]:
    if match["digit"]:
        yield int(match["digit"])
    if match["stars"]:
        yield len(match["stars"])
    if match["full"]:
        yield 5
    for name, table in (("word", _WORDS), ("han", _NUMERALS), ("feeling", _FEELINGS)):
        if match[name]:
            yield table[match[name]]


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0
