"""What customers mean by what they type."""

import pytest

from bots.dialogs import words

CALLS_FOR_A_PERSON = [
    "human",
    "Human!",
    "HUMAN PLEASE",
    "ＨＵＭＡＮ",
    "/human",
    "agent",
    "Agent.",
    "live agent please",
    "talk to a person",
    "Can I talk to a real person?",
    "I want to speak with someone",
    "connect me to customer service",
    "i'd like to chat with an advisor",
    "is there anybody? I need a representative",
    "put me through to your manager",
    "operator",
    "customer service",
    "stop, no bots",
    "I don’t want to talk to a machine, not a bot!",
    "转人工",
    "轉人工",
    "转 人 工",
    "人工",
    "人工！！",
    "人工服务",
    "客服",
    "客服在吗",
    "有客服吗？",
    "在线客服",
    "我要找人工客服",
    "我想跟真人说话",
    "请帮我联系客服人员",
    "叫你们经理来",
    "不要机器人",
    "hu\u200bman",
]
SAYS_SOMETHING_ELSE = [
    "",
    "my parcel is late",
    "It was a human error in your warehouse",
    "my travel agent booked the wrong dates for the whole family",
    "人工智能音箱坏了",
    "人工费太高了",
    "上周你们客服态度非常差，一直不解决问题，让我等了三天",
    "包裹还没到",
]


@pytest.mark.parametrize("text", CALLS_FOR_A_PERSON)
def test_a_call_for_a_person_is_heard(text: str) -> None:
    assert words.asks_for_human(text)


@pytest.mark.parametrize("text", SAYS_SOMETHING_ELSE)
def test_other_texts_are_not_taken_for_a_call_for_a_person(text: str) -> None:
    assert not words.asks_for_human(text)


@pytest.mark.parametrize(
    "text", ["I want to complain", "This is a complaint about the driver", "我要投诉", "投诉快递员"]
)
def test_a_complaint_is_recognised(text: str) -> None:
    assert words.complains(text)


@pytest.mark.parametrize(
    "text", ["I have no complaints, thank you", "我不投诉", "my parcel is late"]
)
def test_not_everything_is_a_complaint(text: str) -> None:
    assert not words.complains(text)


@pytest.mark.parametrize(
    "text", ["Hello!", "hi there", "你好", "您好！", "在吗？", "/start", " ", "👋"]
)
def test_a_greeting_has_no_substance(text: str) -> None:
    assert words.greets(text)


@pytest.mark.parametrize(
    "text", ["hello, my parcel is late", "你好，包裹没到", "ok so where is it"]
)
def test_a_greeting_with_a_question_has_substance(text: str) -> None:
    assert not words.greets(text)


@pytest.mark.parametrize(
    "text", ["I don't know", "Skip", "no", "没有", "没有订单号", "跳过。", "N/A"]
)
def test_skipping_can_be_said_in_many_ways(text: str) -> None:
    assert words.skips(text)
