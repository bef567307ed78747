"""Telling the language by its script."""

import pytest

from bots.dialogs.language import detect


@pytest.mark.parametrize("text", ["你好", "我的iPhone坏了", "订单 A-123 没到", "轉人工"])
def test_chinese_is_told_by_its_script(text: str) -> None:
    assert detect(text) == "zh"


@pytest.mark.parametrize("text", ["my parcel is late", "Where is my 快递 order now"])
def test_english_is_told_by_its_words(text: str) -> None:
    assert detect(text) == "en"


@pytest.mark.parametrize("text", ["", "12345", "AB-99", "OK", "👍", "こんにちは", "안녕하세요"])
def test_a_text_that_does_not_tell_changes_nothing(text: str) -> None:
    assert detect(text) is None
