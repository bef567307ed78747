"""Whole conversations before people take over."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.dialogs.talk import build_dialogue, greeting
from contact_center.channels.dialogue import Dialogue, HandOver, OpenTicket, Step, Turn
from contact_center.texts import Texts
from tests.bots.dialogs.conftest import TEXTS, Customer
from tests.bots.dialogs.test_words import CALLS_FOR_A_PERSON

MENU = ["question", "complaint", "tickets"]


def values(step: Step) -> list[str]:
    return [button.value for button in step.say[-1].buttons]


def test_a_greeting_is_greeted_with_the_choices(customer: Customer) -> None:
    step = customer.says("hello")

    assert "Tea & Co" in step.say[0].text
    assert values(step) == MENU
    assert step.hand_over is None


def test_a_chinese_greeting_is_answered_in_chinese(customer: Customer) -> None:
    step = customer.says("你好")

    assert step.language == "zh"
    assert step.say[0].text.startswith("您好")


def test_the_language_may_switch_in_the_middle(customer: Customer) -> None:
    customer.presses("complaint")

    step = customer.says("灯坏了")

    assert step.language == "zh"
    assert "什么时候" in step.say[0].text


def test_an_order_number_does_not_switch_the_language(chinese: Customer) -> None:
    chinese.presses("complaint")
    chinese.says("灯坏了")
    chinese.says("昨天")

    assert chinese.says("AB-12345").language == "zh"


def test_a_first_message_with_substance_is_not_thrown_away(customer: Customer) -> None:
    step = customer.says("my parcel is late\nit was due on Monday")

    assert step.hand_over == HandOver(kind="inquiry", subject="my parcel is late")
    assert "colleague" in step.say[0].text


def test_a_picture_alone_is_a_question(customer: Customer) -> None:
    step = customer.says("", files=True)

    assert step.hand_over is not None
    assert step.hand_over.subject == "Sent an attachment"


def test_a_question_may_be_announced_first(customer: Customer) -> None:
    assert customer.presses("question").hand_over is None

    step = customer.says("Do you ship to Norway?")

    assert step.hand_over == HandOver(kind="inquiry", subject="Do you ship to Norway?")


def test_a_long_subject_is_cut_at_a_word(customer: Customer) -> None:
    step = customer.says("why " * 100)

    assert step.hand_over is not None
    assert step.hand_over.subject is not None
    assert len(step.hand_over.subject) <= 120
    assert step.hand_over.subject.endswith("why…")


def test_a_complaint_asks_four_things_and_hands_them_over(customer: Customer) -> None:
    customer.presses("complaint")
    customer.says("The lamp arrived broken")
    customer.says("last week")
    skippable = customer.says("what? 77-A1")
    assert "put it right" in skippable.say[0].text

    step = customer.says("A new lamp")

    assert step.hand_over == HandOver(
        kind="complaint",
        subject="The lamp arrived broken",
        facts={
            "what_happened": "The lamp arrived broken",
            "since": "last week",
            "order": "what? 77-A1",
            "remedy": "A new lamp",
        },
    )
    assert "A new lamp" in step.say[0].text


def test_the_order_can_be_skipped_by_button_and_by_word(customer: Customer) -> None:
    for skip in ({"text": "Skip", "button": "skip"}, {"text": "I don't have one"}):
        customer.presses("complaint")
        customer.says("The lamp arrived broken")
        assert "skip" in values(customer.says("in spring"))
        customer.says(**skip)

        step = customer.says("A new lamp")

        assert step.hand_over is not None
        assert "order" not in step.hand_over.facts
        assert "Order: not given" in step.say[0].text


def test_what_is_known_is_not_asked_again(customer: Customer) -> None:
    customer.says("I want to complain")

    step = customer.says("My order 12345 came broken yesterday, I want a refund")

    assert step.hand_over is not None
    assert step.hand_over.facts["order"] == "12345"
    assert step.hand_over.facts["since"] == "yesterday"
    assert step.hand_over.facts["remedy"] == "I want a refund"


def test_a_complaint_in_the_first_message_already_answers_what_happened(
    customer: Customer,
) -> None:
    step = customer.says("I want to complain about your rude driver")

    assert step.state["facts"] == {"what_happened": "I want to complain about your rude driver"}
    assert "sorry" in step.say[0].text
    assert "Since when" in step.say[1].text


def test_the_word_complaint_alone_answers_nothing(chinese: Customer) -> None:
    step = chinese.says("我要投诉！")

    assert step.state["facts"] == {}
    assert "发生了什么事" in step.say[0].text


def test_a_picture_counts_as_an_answer(customer: Customer) -> None:
    customer.presses("complaint")

    step = customer.says("", files=True)

    assert "Since when" in step.say[0].text
    assert customer.state["facts"] == {"what_happened": "(see the attachment)"}


@pytest.mark.parametrize("text", ["   ", "hello?", "I have a complaint"])
def test_an_answer_that_tells_nothing_asks_the_same_again(customer: Customer, text: str) -> None:
    customer.presses("complaint")

    step = customer.says(text)

    assert "What happened" in step.say[0].text


def test_going_back_asks_the_last_question_again(customer: Customer) -> None:
    customer.presses("complaint")
    customer.says("The lamp arrived broken")
    customer.says("in spring")

    step = customer.presses("back")

    assert "Since when" in step.say[0].text
    assert customer.state["facts"] == {"what_happened": "The lamp arrived broken"}


def test_going_back_to_the_beginning_forgets_what_was_read_out_of_it(customer: Customer) -> None:
    customer.presses("complaint")
    customer.says("order 12345 arrived broken")

    step = customer.says("back")

    assert "What happened" in step.say[0].text
    assert customer.state["facts"] == {}


def test_going_back_from_the_first_question_leads_to_the_menu(customer: Customer) -> None:
    customer.presses("complaint")

    assert values(customer.says("back")) == MENU


@pytest.mark.parametrize("words", ["cancel", "Never mind", "取消", "不投诉了"])
def test_a_complaint_can_be_called_off(customer: Customer, words: str) -> None:
    customer.presses("complaint")
    customer.says("The lamp arrived broken")

    step = customer.says(words)

    assert step.hand_over is None
    assert values(step) == MENU


def test_a_call_for_a_person_takes_the_facts_along(customer: Customer) -> None:
    customer.presses("complaint")
    customer.says("The lamp arrived broken")

    step = customer.says("just let me talk to a person")

    assert step.hand_over == HandOver(
        kind="complaint",
        subject="The lamp arrived broken",
        facts={"what_happened": "The lamp arrived broken"},
    )


def test_a_call_for_a_person_that_says_more_keeps_what_it_says(customer: Customer) -> None:
    step = customer.says("I need a human: my invoice from May has been charged twice")

    assert step.hand_over is not None
    assert step.hand_over.subject == "I need a human: my invoice from May has been charged twice"


def test_a_wish_for_a_call_back_is_kept_as_a_wish(customer: Customer) -> None:
    customer.presses("complaint")
    customer.says("The lamp from order 12345 broke yesterday")

    step = customer.says("I want someone to call me")

    assert step.hand_over is not None
    assert step.hand_over.facts["remedy"] == "I want someone to call me"


def test_a_chinese_call_for_a_person_that_says_more_keeps_what_it_says(chinese: Customer) -> None:
    step = chinese.says("转人工！我的包裹晚了五天还没有人管")

    assert step.hand_over is not None
    assert step.hand_over.subject == "转人工！我的包裹晚了五天还没有人管"


def test_a_bare_call_for_a_person_is_given_a_subject(chinese: Customer) -> None:
    step = chinese.says("转人工")

    assert step.hand_over == HandOver(subject="要求人工服务")


def test_my_tickets_are_listed_with_owner_and_status(customer: Customer) -> None:
    customer.tickets = [
        OpenTicket(
            "T-000007",
            "Late parcel",
            "status.waiting_department",
            "Ann",
            link="https://shop.example/t/abc",
            promised="2026-03-04 12:00 UTC",
            acting="Chen",
        ),
        OpenTicket("T-000009", "Broken {lamp}", "status.queued", None),
    ]

    step = customer.presses("tickets")

    assert "T-000007 · Late parcel" in step.say[0].text
    assert "Ann is in charge" in step.say[0].text
    assert (
        "Chen stands in at the moment\n"
        "You hear from us by 2026-03-04 12:00 UTC\n"
        "https://shop.example/t/abc\n"
    ) in step.say[0].text
    assert "Broken {lamp}\nReceived" in step.say[0].text
    assert values(step) == MENU


def test_having_no_tickets_is_said(customer: Customer) -> None:
    assert "no open request" in customer.presses("tickets").say[0].text


def test_after_handing_over_a_new_conversation_starts_over(customer: Customer) -> None:
    customer.says("my parcel is late")

    assert values(customer.says("hello")) == MENU


def test_an_old_button_leads_to_the_menu(customer: Customer) -> None:
    assert values(customer.presses("skip")) == MENU


def test_the_window_greets_before_anything_is_written() -> None:
    assert [button.label for button in greeting(TEXTS, company="茶", language="zh").buttons] == [
        "我要咨询",
        "我要投诉",
        "我的工单",
    ]


def test_every_phrase_exists_in_every_language(texts: Texts) -> None:
    assert texts.keys("en") == texts.keys("zh")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_status_has_words(texts: Texts, language: str) -> None:
    from contact_center.tickets.models import Status

    assert {f"status.{status}" for status in Status} <= texts.keys(language)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
slots = st.sampled_from(["what_happened", "since", "order", "remedy"])
plausible_states = st.fixed_dictionaries(
    {},
    optional={
        "at": st.sampled_from(["menu", "question", "complaint", "people"]) | json_values,
        "facts": st.dictionaries(slots, st.text() | st.integers()) | json_values,
        "asked": st.lists(slots | st.text() | st.integers()) | json_values,
    },
)
states = plausible_states | st.dictionaries(st.text(), json_values)
buttons = st.none() | st.text() | st.sampled_from([*MENU, "skip", "back", "cancel", "human"])
SHIPPED = build_dialogue(TEXTS, company="Tea {and} Co")


@given(
    state=states,
    text=st.text(),
    button=buttons,
    language=st.sampled_from(["en", "zh", "fr"]),
    files=st.booleans(),
)
def test_no_text_in_no_state_breaks_the_dialogue(
    state: dict[str, object], text: str, button: str | None, language: str, files: bool
) -> None:
    turn = Turn(text=text, button=button, language=language, has_attachments=files)

    step = SHIPPED(state, turn)

    assert step.say
    assert json.loads(json.dumps(step.state)) == step.state
    assert all(len(offered.value) <= 40 for said in step.say for offered in said.buttons)


@given(
    state=states,
    call=st.sampled_from(CALLS_FOR_A_PERSON),
    around=st.tuples(st.sampled_from(["", " ", "\n", "!"]), st.sampled_from(["", " ", "。", "!!"])),
    loud=st.booleans(),
)
def test_a_call_for_a_person_is_answered_in_every_state(
    state: dict[str, object], call: str, around: tuple[str, str], loud: bool
) -> None:
    text = around[0] + (call.upper() if loud else call) + around[1]

    step = SHIPPED(state, Turn(text=text, button=None, language="en"))

    assert step.hand_over is not None


def test_a_huge_text_is_looked_at_only_in_part(dialogue: Dialogue) -> None:
    step = dialogue({"at": "complaint"}, Turn(text="x " * 75_000, button=None, language="en"))

    assert len(json.dumps(step.state)) < 5_000
