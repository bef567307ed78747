"""Why a deadline is when it is, in both languages."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from contact_center.calendars.days import End, Rule, Target, Unit, due
from contact_center.policies.choosing import Policies
from contact_center.policies.explaining import (
    evidence_in_words,
    explain,
    in_words,
    rule_in_words,
)
from contact_center.policies.loading import parse_policies
from contact_center.policies.terms import Evidence, Facts, Kind, Terms
from contact_center.policies.wording import WORDS
from tests.contact_center.policies.test_choosing import PRESETS
from tests.support.calendars import CN, SHIPPED

CHINA = {**SHIPPED, "cn": CN, "business": CN}
SHANGHAI = ZoneInfo("Asia/Shanghai")


def policies(*presets: str) -> Policies:
    table = {"policy": [{"preset": preset} for preset in presets], "tier_factor": {"A": 0.5}}
    return parse_policies(table, PRESETS, calendars=CHINA)


def terms(preset: str, kind: Kind, **facts: str) -> Terms:
    return policies(preset).choose(Facts(**facts)).clocks[kind]


def told(terms: Terms, start: datetime, language: str, **more: Any) -> str:
    found = due(terms.target, start, terms.calendar, terms.rule)
    return " ".join(explain(terms, start=start, due=found, language=language, **more))


def test_both_languages_have_the_same_words() -> None:
    singular = {key for key in WORDS["en"] if key.endswith("_one")}

    assert WORDS["en"].keys() - singular == WORDS["zh"].keys()


def test_g01_business_hours_over_a_make_up_sunday() -> None:
    start = datetime(2026, 9, 18, 9, tzinfo=UTC)
    terms_ = terms("email_default", Kind.FIRST_RESPONSE)

    assert told(terms_, start, "en") == (
        "Email: first answer within 4 business hours. Our own decision. "
        "Only open hours count (CN), from Fri 2026-09-18 17:00. "
        "Worked to make up for other days: Sun 2026-09-20. "
        "Due Sun 2026-09-20 12:00."
    )
    assert told(terms_, start, "zh") == (
        "电子邮件：首次回复时限为 4 小时（工作时间）。 本公司自行决定。 "
        "自 2026-09-18 周五 17:00 起，只计工作时间（CN）。 "
        "调休上班：2026-09-20 周日。 "
        "截止时间：2026-09-20 周日 12:00。"
    )


def test_time_that_runs_out_at_closing_time_may_be_due_when_it_opens_again() -> None:
    start = datetime(2026, 11, 23, 6, tzinfo=UTC)  # Monday 14:00
    at_opening = replace(terms("email_default", Kind.FIRST_RESPONSE), rule=Rule(end=End.OPENING))

    assert told(at_opening, start, "en").endswith(
        "What runs out at closing time is due at the next opening. Due Tue 2026-11-24 09:00."
    )
    assert "截止时间为下次上班时" in told(at_opening, start, "zh")
    assert rule_in_words(at_opening.rule, at_opening.target, "en")
    assert not rule_in_words(Rule(), at_opening.target, "en")


def test_g40_a_legal_deadline_that_is_rolled() -> None:
    start = datetime(2026, 9, 16, 2, tzinfo=UTC)

    text = told(terms("cn_bank_insurance", Kind.FINAL_RESPONSE), start, "en")

    assert "Checked against the text of the rule." in text
    assert "from the day after Wed 2026-09-16 10:00" in text
    assert "the last day is Thu 2026-10-08 and ends at 24:00" in text
    assert "Closed: Fri 2026-09-25 to Wed 2026-10-07." in text
    assert "Thu 2026-10-01 is no business day, so the rule moves the last day to" in text
    assert "Allowed until Fri 2026-10-09 00:00; we aim at Wed 2026-09-30." in text
    assert text.endswith("Due Wed 2026-09-30 18:00.")


def test_a_tier_and_a_pause_are_told() -> None:
    start = datetime(2026, 11, 23, 1, tzinfo=UTC)
    pause = datetime(2026, 11, 23, 3, tzinfo=UTC), datetime(2026, 11, 23, 6, 30, tzinfo=UTC)

    text = told(terms("email_default", Kind.FIRST_RESPONSE, tier="A"), start, "en", pauses=[pause])

    assert "Customers of tier A wait 2 business hours instead of 4 business hours." in text
    assert "stood still from Mon 2026-11-23 11:00 to Mon 2026-11-23 14:30: 3:30 h" in text


def test_days_off_are_named_and_what_is_provisional_says_so() -> None:
    china = SHIPPED["cn"]
    start = datetime(2026, 12, 30, 2, tzinfo=UTC)
    ten = Target(10, Unit.BUSINESS_DAYS)
    base = terms("cn_odr_enterprise", Kind.FINAL_RESPONSE)
    found = due(ten, start, china, base.rule)

    lines = explain(
        Terms(**{name: getattr(base, name) for name in base.__slots__} | {"calendar": china}),
        start=start,
        due=found,
        language="zh",
    )

    assert "休息：2027-01-01 周五 至 2027-01-03 周日（元旦）。" in lines
    assert "暂定：2026-12-31 之后的官方放假安排尚未公布。" in lines


def test_elapsed_time_is_told_in_the_readers_zone() -> None:
    start = datetime(2026, 11, 23, 1, tzinfo=UTC)

    text = told(terms("chat_default", Kind.NEXT_RESPONSE), start, "fr", zone=SHANGHAI)

    assert "Every minute counts, from Mon 2026-11-23 09:00." in text
    assert text.endswith("Due Mon 2026-11-23 09:02.")


def test_targets_and_marks_in_words() -> None:
    assert in_words(Target(1, Unit.BUSINESS_DAYS), "en") == "1 business day"
    assert in_words(Target(0, Unit.BUSINESS_DAYS), "en") == "the same day"
    assert in_words(Target(1, Unit.BUSINESS_DAYS), "zh") == "1 个工作日"
    assert evidence_in_words(Evidence.SECONDARY, "zh") == "来自二手来源"
