"""What a free text tells besides what was asked."""

import pytest

from bots.dialogs.facts import found_in


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("my order 12345 arrived broken", "12345"),
        ("Order no. AB-2026/17 is late", "AB-2026/17"),
        ("order number is 99887766", "99887766"),
        ("订单号：A20261121，一直没发货", "A20261121"),
        ("合同编号 HT-2026-01 有问题", "HT-2026-01"),
    ],
)
def test_an_order_number_is_read(text: str, order: str) -> None:
    assert found_in(text)["order"] == order


@pytest.mark.parametrize("text", ["I ordered two lamps", "the order was late", "订单一直没到"])
def test_an_order_without_a_number_is_not_invented(text: str) -> None:
    assert "order" not in found_in(text)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("broken since last Monday, nobody answers", "since last Monday"),
        ("I called three days ago", "three days ago"),
        ("yesterday the driver shouted at me", "yesterday"),
        ("no heating for 2 weeks now", "for 2 weeks"),
        ("arrived on 12 March", "on 12 March"),
        ("上周三收到的货是坏的", "上周三"),
        ("三天前下单", "三天前"),
        ("11月20日送来的", "11月20日"),
    ],
)
def test_a_time_is_read(text: str, since: str) -> None:
    assert found_in(text)["since"] == since


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("It is broken. I want my money back.", "I want my money back"),
        ("please send it, I demand a full refund", "I demand a full refund"),
        ("东西坏了，要求退款", "要求退款"),
        ("希望你们重新补发一个", "希望你们重新补发一个"),
    ],
)
def test_a_wish_is_read(text: str, remedy: str) -> None:
    assert found_in(text)["remedy"] == remedy


def test_nothing_is_read_into_a_plain_story() -> None:
    assert found_in("The lamp flickers and smells burnt.") == {}
