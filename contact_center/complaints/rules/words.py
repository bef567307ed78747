"""What sounds like a complaint, and what a spreadsheet may be told."""

import re

_DISSATISFIED = re.compile(
    r"\b(?:complain(?:t|ts|ing|ed)?|grievance|unacceptable|outrageous|disgrace(?:ful)?|appall\w+"
    r"|scandal(?:ous)?|rip-?off|fraud(?:ulent)?|cheat(?:ed|ing)?|liars?|terrible (?:service|"
    r"experience)|awful|worst (?:service|experience|company)|(?:very |deeply |extremely )?"
    r"(?:disappointed|dissatisfied|unhappy|upset|angry|furious)|fed up|sick of|ridiculous"
    r"|waste of (?:time|money)|never again|not good enough|let (?:me|us) down|compensat(?:e|ion)"
    r"|small claims|my lawyer|ombudsman|consumer protection)\b"
    r"|投诉|投訴|抱怨|举报|舉報|索赔|维权|不满意|很失望|太失望|非常失望|生气|气愤|愤怒|无法接受|不能接受"
    r"|太差|很差|极差|恶劣|欺骗|欺诈|骗子|坑人|太过分|赔偿|差评|态度不好|没人管|推卸责任|12315|消协|消费者协会",
    re.IGNORECASE,
)
_NOT_SO = re.compile(
    r"\b(?:no|not|without|never|nothing to) (?:a |any )?"
    r"(?:complain|unhappy|disappointed|upset|angry)"
    r"|(?:不|没有?)(?:投诉|生气|失望)|\bdon'?t (?:want to )?complain",
    re.IGNORECASE,
)
_LOOKED_AT = 4000  # characters


def sounds_like_complaint(text: str) -> bool:
    """Where it is not plain what somebody means, it is treated as a complaint."""
    words = text[:_LOOKED_AT]
    return _DISSATISFIED.search(words) is not None and _NOT_SO.search(words) is None


_FORMULA = "=+-@＝＋－＠\t\r\n|"


def cell(value: object) -> str:
    """Text that no spreadsheet takes for a formula."""
    written = "" if value is None else str(value)
    is_formula = written.lstrip(" \u00a0\u3000\ufeff")[:1] in tuple(_FORMULA)
    return f"'{written}" if written and (is_formula or written[0] in _FORMULA) else written
