from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.promises.rules.detecting import detect
from contact_center.promises.rules.keeping import rate

CHINA, UTC_ZONE = ZoneInfo("Asia/Shanghai"), ZoneInfo("UTC")
MONDAY = datetime(2026, 11, 23, 2, 15, 30, tzinfo=UTC)  # 10:15:30 in China


def found(text: str, *, zone=UTC_ZONE, now=MONDAY) -> str | None:
    offer = detect(text, now=now, zone=zone)
    return f"{offer.due_at.astimezone(zone):%Y-%m-%d %H:%M}" if offer else None


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("I'll call you by Wednesday 12:00", "2026-11-25 12:00"),
        ("I’ll call you by Wednesday 12:00.", "2026-11-25 12:00"),
        ("Sorry for the trouble. I will get back to you tomorrow at 3pm.", "2026-11-24 15:00"),
        ("We'll send you a new one by 3 p.m. tomorrow", "2026-11-24 15:00"),
        ("we will reply within 2 hours", "2026-11-23 04:15"),
        ("I'm going to check this and let you know in half an hour", "2026-11-23 02:45"),
        ("You will hear from us by the end of the day", "2026-11-23 18:00"),
        ("You'll have an answer by noon", "2026-11-23 12:00"),
        ("We will refund it within 3 business days", "2026-11-26 18:00"),
        ("We shall refund it within 5 working days", "2026-11-30 18:00"),
        ("Our technician will call you on Friday morning", "2026-11-27 12:00"),
        ("I will write to you next Monday", "2026-11-30 18:00"),
        ("I will update you on Monday at 9:00", "2026-11-23 09:00"),
        ("I will update you on Monday at 01:00", "2026-11-30 01:00"),
        ("I'll call you at 1:00", "2026-11-23 13:00"),
        ("It will be repaired by 2 December", "2026-12-02 18:00"),
        ("It will be repaired by December 2nd, 10:30", "2026-12-02 10:30"),
        ("We will have it ready by 2026-12-24", "2026-12-24 18:00"),
        ("We'll let you know by the end of the week", "2026-11-27 18:00"),
        ("I promise to call the day after tomorrow at 10:00", "2026-11-25 10:00"),
        ("We will fix it by January 5", "2027-01-05 18:00"),
    ],
)
def test_a_promise_with_a_time_is_found_in_english(text, due) -> None:
    assert found(text) == due


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("明天下午3点前给您回复", "2026-11-24 15:00"),
        ("您好，我们会在明天下午三点半之前给您回电。", "2026-11-24 15:30"),
        ("请您放心，我们将在24小时内处理完毕", "2026-11-24 10:15"),
        ("我今天下班前回复您", "2026-11-23 18:00"),
        ("今晚8点给您打电话", "2026-11-23 20:00"),
        ("我会在周三12:00前联系您", "2026-11-25 12:00"),
        ("下周一上午给您答复", "2026-11-30 12:00"),
        ("本周内为您解决", "2026-11-27 18:00"),
        ("两个工作日内退款", "2026-11-25 18:00"),
        ("三天内给您答复", "2026-11-26 18:00"),
        ("半小时内给您回电", "2026-11-23 10:45"),
        ("一个半小时后联系您", "2026-11-23 11:45"),
        ("12月2日前为您更换新机", "2026-12-02 18:00"),
        ("十二月二日上午10点上门维修", "2026-12-02 10:00"),
        ("我们28号给您反馈", "2026-11-28 18:00"),
        ("后天中午12点前通知您", "2026-11-25 12:00"),
        ("明早9点联系您", "2026-11-24 09:00"),
        ("下午2点一刻给您致电", "2026-11-23 14:15"),
        ("3点前给您回电", "2026-11-23 15:00"),
        ("星期天晚上给您回复", "2026-11-29 21:00"),
        ("2小时内给您回复", "2026-11-23 12:15"),
        ("十二月二十一日上午十点给您回复", "2026-12-21 10:00"),
        ("二十分钟内给您回电", "2026-11-23 10:35"),
    ],
)
def test_a_promise_with_a_time_is_found_in_chinese(text, due) -> None:
    assert found(text, zone=CHINA) == due


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for your message of Monday 12:00",
        "Shall I call you tomorrow at 3pm?",
        "I will look into it",
        "Please reply by Friday",
        "We cannot refund it before Friday",
        "We won't be able to call you tomorrow",
        "If you send it today we will refund it by Friday",
        "The shop opens tomorrow at 9:00",
        "I called you yesterday at 3pm",
        "I will call you on 2020-01-01",
        "I will call you on 2026-02-30",
        "I will call you at 99:99",
        "",
        "您的快递昨天下午3点已送达",
        "我会尽快给您回复",
        "请您明天下午3点前回复我们",
        "麻烦您在周五前提供照片",
        "明天下午3点给您回电可以吗？",
        "我们无法在明天之前处理",
        "如果您今天寄回，我们周五前退款",
    ],
)
def test_what_is_no_promise_with_a_time_is_left_alone(text) -> None:
    assert found(text, zone=CHINA) is None


def test_the_sentence_with_the_promise_is_kept() -> None:
    text = "Sorry about that!\nI'll call you by Wednesday 12:00. Thank you for your patience."

    offer = detect(text, now=MONDAY, zone=UTC_ZONE)

    assert offer.text == "I'll call you by Wednesday 12:00."


def test_times_are_those_of_the_zone() -> None:
    offer = detect("明天下午3点前给您回复", now=MONDAY, zone=CHINA)

    assert offer.due_at == datetime(2026, 11, 24, 7, tzinfo=UTC)


def test_a_time_that_has_passed_today_is_meant_for_tomorrow() -> None:
    late = datetime(2026, 11, 23, 20, tzinfo=UTC)

    assert found("I will call you at 3pm", now=late) == "2026-11-24 15:00"
    assert found("I will call you today at 3pm", now=late) is None


@given(st.text(max_size=200), st.datetimes(timezones=st.just(UTC)))
def test_whatever_is_written_it_never_fails_and_what_is_found_lies_ahead(text, now) -> None:
    if not 1900 < now.year < 9000:
        return
    for words in (text, f"I will call you by {text}", f"我会在{text}前给您回复"):
        offer = detect(words, now=now, zone=CHINA)
        assert offer is None or offer.due_at > now


@given(
    st.lists(
        st.sampled_from(
            [
                "周",
                "下",
                "三",
                "三十十",
                "十",
                "12",
                "月",
                "日",
                "点",
                "半",
                "小时",
                "内",
                ":",
                "30",
                "明天",
                "下午",
            ]
        ),
        max_size=8,
    ).map("".join)
)
def test_times_put_together_at_random_never_fail(text) -> None:
    offer = detect(f"{text}给您回复", now=MONDAY, zone=CHINA)
    assert offer is None or offer.due_at > MONDAY


@pytest.mark.parametrize(("kept", "broken", "part"), [(0, 0, None), (3, 1, 0.75), (0, 2, 0.0)])
def test_the_rate_of_kept_promises_is_unknown_where_there_were_none(kept, broken, part) -> None:
    assert rate(kept, broken) == part


@pytest.mark.parametrize("zone", [UTC_ZONE, CHINA, ZoneInfo("America/New_York")])
@pytest.mark.parametrize(
    "text",
    [
        "We will send it by 0000-01-01",
        "We will send it by 9999-12-31",
        "We will send it by 2027-11-25",
        "We will send it within 600 business days",
        "我们会在0000年1月1日前给您回复",
        "我们会在9999年12月31日前给您回复",
        "我们会在2028年1月1日前给您回复",
        "我们会在999个工作日内给您回复",
    ],
)
def test_no_date_is_offered_that_cannot_be_promised(text, zone) -> None:
    assert found(text, zone=zone) is None
