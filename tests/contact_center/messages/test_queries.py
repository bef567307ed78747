import pytest

from contact_center.errors import Invalid
from contact_center.messages import queries
from contact_center.messages.rules import search_terms
from tests.support.factories import customer_says, make_ticket

TEXTS = {
    "parcel": "My parcel was not delivered on Monday",
    "refund": "I want a REFUND for order #4711, please!",
    "café": "The Café in Zürich charged naïve customers twice",
    "快递": "我的快递还没有收到,请帮我查一下物流信息",
    "退款": "我要退款,订单号是 4711",
    "混合": "VIP客户投诉App无法登录",
    "かな": "荷物がまだ届いていません",
    "한글": "환불을 원합니다",
    "русский": "Посылка ещё не пришла",
    "ไทย": "พัสดุยังไม่มาถึง",
    "hindi": "मेरा पार्सल नहीं आया",
    "adlam": "ok a\U0001e922\U0001e923b done",
    "quotes": 'He said "it\'s broken" & left; DROP TABLE users --',
}

CASES = [
    ("parcel", ["parcel"]),
    ("PARCELS", ["parcel"]),
    ("deliver monday", ["parcel"]),
    ("parcel refund", []),
    ("refunds", ["refund"]),
    ("4711", ["refund", "退款"]),
    ("#4711", ["refund", "退款"]),
    ("cafe zurich", ["café"]),
    ("NAÏVE", ["café"]),
    ("快递", ["快递"]),
    ("物流信息", ["快递"]),
    ("退款", ["退款"]),
    ("退款 4711", ["退款"]),
    ("快递退款", []),
    ("投诉", ["混合"]),
    ("VIP投诉", ["混合"]),
    ("vip", ["混合"]),
    ("app 登录", ["混合"]),
    ("届いて", ["かな"]),
    ("환불을", ["한글"]),
    ("ПОСЫЛКА", ["русский"]),
    ("пришл", []),
    ("a\U0001e922\U0001e923b", ["adlam"]),
    ("A\U0001e900\U0001e901B", ["adlam"]),
    ('"it\'s broken"', ["quotes"]),
    ("drop table", ["quotes"]),
    ("' OR 1=1 --", []),
    ("refund AND NOT parcel*", []),
    ("monday OR refund", []),
    ("parcel & refund | cafe", []),
    ("मेरा", ["hindi"]),
]


@pytest.fixture
async def said(session, clock):
    """Message ids by name, each on a ticket of its own."""
    return {
        name: await customer_says(
            session, await make_ticket(session, now=clock()), text, now=clock()
        )
        for name, text in TEXTS.items()
    }


@pytest.mark.parametrize(("query", "names"), CASES, ids=[query for query, _ in CASES])
async def test_every_database_finds_the_same_messages(session, said, query, names) -> None:
    found = await queries.search_messages(session, search_terms(query))

    assert [message_id for message_id, _ in found] == sorted(
        (said[name] for name in names), reverse=True
    )


@pytest.mark.parametrize("query", ["", "   ", "!?…", "，。", "😀"])
async def test_a_query_without_a_word_is_refused(query) -> None:
    with pytest.raises(Invalid, match="no word to search for"):
        search_terms(query)


async def test_the_newest_come_first_and_the_next_page_goes_on_below(session, clock) -> None:
    ticket = await make_ticket(session, now=clock())
    ids = [await customer_says(session, ticket, "parcel", now=clock()) for _ in range(5)]

    first = await queries.search_messages(session, ["parcel"], limit=2)
    rest = await queries.search_messages(session, ["parcel"], before=first[-1][0])

    assert [number for number, _ in [*first, *rest]] == ids[::-1]
    assert {ticket_id for _, ticket_id in rest} == {ticket.id}


async def test_a_page_of_tickets_is_found_below_many_matches_of_one(
    session, clock, monkeypatch
) -> None:
    monkeypatch.setattr(queries, "FEW_MATCHES", 3)
    old, loud = [await make_ticket(session, now=clock()) for _ in range(2)]
    first = await customer_says(session, old, "parcel", now=clock())
    last = [await customer_says(session, loud, "parcel", now=clock()) for _ in range(4)][-1]

    found = await queries.search_tickets(session, ["parcel"], limit=2)
    below = await queries.search_tickets(session, ["parcel"], before=last, limit=2)

    assert found == [(loud.id, last), (old.id, first)]
    assert below == [(old.id, first)]
