import pytest

from contact_center.channels.email.charsets import decode

CHINESE = "还是没有收到退款，请尽快处理。訂單號"


@pytest.mark.parametrize(
    ("codec", "declared"),
    [
        ("gb18030", "gb2312"),
        ("gb18030", "GBK"),
        ("gb18030", "gb18030"),
        ("gb18030", None),
        ("gb18030", "us-ascii"),
        ("gb18030", "iso-8859-1"),
        ("gb18030", "x-unknown"),
        ("utf-8", None),
        ("utf-8", "gb2312"),
        ("utf-8", "iso-8859-1"),
        ("utf-8", "x-unknown"),
        ("utf-16", "utf-8"),
        ("utf-8-sig", "gbk"),
    ],
)
def test_chinese_is_read_whatever_the_label_says(codec: str, declared: str | None) -> None:
    assert decode(CHINESE.encode(codec), declared) == CHINESE


def test_traditional_chinese_is_read_by_its_label() -> None:
    assert decode("訂單還沒有到".encode("big5"), "big5") == "訂單還沒有到"


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252", "us-ascii"])
def test_western_text_is_not_taken_for_chinese(declared: str) -> None:
    text = "Können Sie die Größe ändern? Ça m'intéresse, señor – 20 €"

    assert decode(text.encode("cp1252"), declared) == text


def test_one_broken_byte_does_not_spoil_a_text() -> None:
    content = CHINESE.encode() + b"\xff" + CHINESE.encode() * 3

    assert decode(content, "utf-8") == CHINESE + "\ufffd" + CHINESE * 3


@pytest.mark.parametrize("declared", ["base64", "rot13", "", "'utf-8'", "idna", "x" * 500, "\x00"])
def test_strange_labels_do_no_harm(declared: str) -> None:
    assert decode(b"hello", declared) == "hello"


def test_nothing_comes_out_that_a_database_would_refuse() -> None:
    assert decode(b"a\x00b\x1bc\r\nd\re", None) == "a\ufffdb\ufffdc\nd\ne"
