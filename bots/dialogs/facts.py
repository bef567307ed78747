"""Finds in free text what a complaint form would have asked for, so that it need not ask.

Only what is said plainly counts: asking once too often is better than writing down a wrong fact.
"""

import re
import unicodedata
from collections.abc import Mapping

LONGEST_FACT = 2000  # characters; the message itself is kept in full
SLOTS = ("what_happened", "since", "order", "remedy")

_ORDER = re.compile(
    r"(?:\border|\bpurchase|\bcontract|\binvoice|\bbooking|订单|訂單|合同|单号|發票|发票)"
    r"(?:\s*(?:number|no\.?|nr\.?|reference|ref\.?|id|编号|号码|号|號|是|为|is|:|#|was))*\s*"
    r"((?=[a-z\-]{0,10}\d)[a-z0-9][a-z0-9\-/]{2,30})",
    re.IGNORECASE,
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_NUMBER = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|a few|several)"
_SINCE = re.compile(
    rf"\b(?:since (?:last |the )?[\w ,]{{2,20}}?(?=[.,;!?]|$| and | but )"
    rf"|(?:for )?{_NUMBER} (?:minutes?|hours?|days?|weeks?|months?|years?) ago"
    rf"|for {_NUMBER} (?:hours?|days?|weeks?|months?|years?)"
    rf"|yesterday|today|this morning|last (?:night|week|month|year|{_DAY})|on {_DAY}"
    rf"|(?:on )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}"
    rf"|(?:on )?{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?)\b"
    r"|\b20\d\d[-/.]\d{1,2}[-/.]\d{1,2}\b"
    r"|(?:从|自从?)?(?:前天|昨天|今天|今早|昨晚|上周[一二三四五六日天]?|上个?星期[一二三四五六日天]?|上个?月|周[一二三四五六日])"
    r"|(?:[\d一二两三四五六七八九十几]+个?(?:小时|天|周|星期|月|年)(?:以?前|之前|了))"
    r"|(?:(?:20\d\d年)?\d{1,2}月\d{1,2}[日号])",
    re.IGNORECASE,
)
_REMEDY = re.compile(
    r"\b(?:i|we)(?:'d| would)? (?:want|demand|expect|would like|like|request)"
    r" (?:to have |to get |you to )?(?:a |an |my |the |full )*"
    r"(?:refund|money back|replacement|exchange|new one|repair|apology|compensation|discount)\w*"
    r"|\brefund me\b|\b(?:please|pls) (?:refund|replace|repair|exchange|resend)\b[^.;!?\n]{0,40}"
    r"|(?:要求|希望|想要?|请|我要|必须|申请)[^，。；！？\n]{0,6}"
    r"(?:退款|退货|退换|换货|更换|重发|补发|赔偿|赔付|道歉|维修|退钱)[^，。；！？\n]{0,10}",
    re.IGNORECASE,
)


def found_in(text: str) -> dict[str, str]:
    """The order, the time and the wish that the text names, as far as it does."""
    readable = unicodedata.normalize("NFKC", text[:LONGEST_FACT])
    found = {}
    if order := _ORDER.search(readable):
        found["order"] = order[1]
    if since := _SINCE.search(readable):
        found["since"] = since[0].strip()
    if remedy := _REMEDY.search(readable):
        found["remedy"] = remedy[0].strip()
    return found


def known(state: Mapping[str, object]) -> dict[str, str]:
    """The facts in a dialogue's state, whatever somebody has put there."""
    facts = state.get("facts")
    if not isinstance(facts, Mapping):
        return {}
    return {slot: facts[slot][:LONGEST_FACT] for slot in SLOTS if isinstance(facts.get(slot), str)}


def missing(facts: Mapping[str, str]) -> str | None:
    """What to ask next; a skipped question counts as asked."""
    return next((slot for slot in SLOTS if slot not in facts), None)
