"""How a promise with a time is said in Chinese."""

import re
import unicodedata
from datetime import time, timedelta

from contact_center.promises.rules.moments import END_OF_DAY, EVENING, NOON, Moment, clock

HAN = re.compile(r"[\u3400-\u9fff]")
_DIGITS = "零一二三四五六七八九"
_COUNT = r"(?:[一二两三四五六七八九]?十[一二三四五六七八九]?|[零一二两三四五六七八九]{1,3})"
_NUMBER = rf"(?:\d{{1,3}}|{_COUNT}|半)"
_PROMISES = re.compile(
    r"(?:回复|答复|回覆|答覆|回电|回话|致电|来电|打给|打电话|联系|联络|通知|告知|反馈|跟进|处理"
    r"|解决|退款|退回|补发|发货|寄出|寄给|发送|发给|发到|送到|上门|维修|修好|更换|换货|完成|核实"
    r"|查清|查明|查询|确认|安排|提供|给您|给你|为您|为你|向您|答应)"
)
_REFUSES = re.compile(r"不会|无法|不能|没法|未能|如果|若您|(?:吗|呢|么)$")
_COURTESY = re.compile(
    r"请(?:您|你)?(?:放心|稍等|稍候|耐心|等待|谅解|理解|见谅|相信|知悉|留意|保持)+"
)
_ASKS = re.compile(
    r"请(?:您|你|尽|在|于|回|提)|(?:麻烦|烦请|需要|希望)(?:您|你)|(?:您|你)(?:需要|可以|要|得|把)"
)
_SPAN = re.compile(
    rf"(?P<number>{_NUMBER})(?:个(?P<half>半)?)?(?P<unit>分钟|小时|钟头|工作日|天|日|周|星期|礼拜)"
    r"(?:之内|以内|内|之后|以后|后|左右)"
)
_DAY = re.compile(
    r"(?P<days>大后天|后天|明[天日早晚]|今[天日早晚])"
    r"|(?P<which>下个?|这个?|本)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])"
    r"|(?:(?P<year>\d{4})[年-])?(?P<month>\d{1,2}|" + _COUNT + r")[月-]"
    r"(?P<day>\d{1,2}|" + _COUNT + r")(?:日|号)?"
    r"|(?<![\d月])(?P<only>\d{1,2})号"
    r"|(?P<week>(?:本|这个?)(?:周|星期|礼拜)(?:之?内|末|底))"
)
_TIME = re.compile(
    r"(?P<part>凌晨|清晨|早上|早晨|上午|中午|午间|下午|午后|傍晚|晚上|晚间|今晚|明晚|今早|明早)?"
    rf"\s*(?:(?P<hour>{_NUMBER})(?:点钟|点|时)(?:(?P<quarter>[一三])刻|(?P<minute>{_NUMBER})分?)?"
    r"|(?P<hour24>\d{1,2}):(?P<minute24>\d{2}))"
)
_PART = re.compile(
    r"凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚间|今晚|明晚|今早|明早|下班前?|之?内|前|底"
)
_MORNING = frozenset({"凌晨", "清晨", "早上", "早晨", "上午", "今早", "明早"})
_AFTERNOON = frozenset({"下午", "午后", "傍晚", "晚上", "晚间", "今晚", "明晚"})
_WORDS = {
    "早上": NOON,
    "早晨": NOON,
    "上午": NOON,
    "今早": NOON,
    "明早": NOON,
    "中午": time(13),
    "晚上": EVENING,
    "晚间": EVENING,
    "今晚": EVENING,
    "明晚": EVENING,
}
_DAYS = {"今": 0, "明": 1, "后": 2, "大": 3}
_IN_DAYS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7}
_FRIDAY = 4


def promises(sentence: str) -> bool:
    plain = _COURTESY.sub("", _plain(sentence))
    return bool(_PROMISES.search(plain)) and not (_REFUSES.search(plain) or _ASKS.search(plain))


def moment_in(sentence: str) -> Moment | None:
    plain = _plain(sentence)
    if (span := _SPAN.search(plain)) is not None:
        return _after(span)
    day, found = _DAY.search(plain), _TIME.search(plain)
    at = _time(found) if found else None
    if day is None:
        part = _PART.search(plain)
        at = at or (_WORDS.get(part[0]) if part else None)
        return Moment(at=at) if at else None
    part = _PART.search(plain, day.start())
    return _on(day, at or (_WORDS.get(part[0], END_OF_DAY) if part else None))


def _after(span: re.Match[str]) -> Moment:
    half = span["number"] == "半"
    number = 0 if half else _number(span["number"])
    if span["unit"] == "工作日":
        return Moment(business_days=number, at=END_OF_DAY)
    if span["unit"] in _IN_DAYS:
        return Moment(days=max(1, number * _IN_DAYS[span["unit"]]), at=END_OF_DAY)
    whole = 60 if span["unit"] == "分钟" else 3600
    seconds = whole * number + (whole // 2 if half or span["half"] else 0)
    return Moment(after=timedelta(seconds=seconds))


def _on(day: re.Match[str], at: time | None) -> Moment:
    if day["days"]:
        return Moment(days=_DAYS[day["days"][0]], at=at)
    if day["weekday"]:
        number = "一二三四五六日".find(day["weekday"].replace("天", "日"))
        which = day["which"] or ""
        weeks = 1 if which.startswith("下") else 0 if which else None
        return Moment(weekday=number, weeks=weeks, at=at)
    if day["week"]:
        return Moment(weekday=_FRIDAY, weeks=0, at=at)
    if day["only"]:
        return Moment(day=int(day["only"]), at=at)
    year = int(day["year"]) if day["year"] else None
    return Moment(year=year, month=_number(day["month"]), day=_number(day["day"]), at=at)


def _time(found: re.Match[str]) -> time | None:
    part = found["part"] or ""
    afternoon = True if part in _AFTERNOON else False if part in _MORNING else None
    if found["hour24"]:
        padded = found["hour24"].startswith("0")
        return clock(
            int(found["hour24"]), int(found["minute24"]), afternoon=afternoon, padded=padded
        )
    if found["hour"] == "半":
        return None
    minute = 0
    if found["quarter"]:
        minute = 15 if found["quarter"] == "一" else 45
    elif found["minute"]:
        minute = 30 if found["minute"] == "半" else _number(found["minute"])
    return clock(_number(found["hour"]), minute, afternoon=afternoon)


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    text = text.replace("两", "二")
    if "十" not in text:
        return int("".join(str(_DIGITS.index(digit)) for digit in text))
    tens, _, ones = text.partition("十")
    return 10 * (_DIGITS.index(tens) if tens else 1) + (_DIGITS.index(ones) if ones else 0)


def _plain(sentence: str) -> str:
    folded = unicodedata.normalize("NFKC", sentence)
    return re.sub(r"\s+", "", folded).rstrip("。.!！;；,，")
