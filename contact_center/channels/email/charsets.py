"""Bytes to text when the label is missing, unknown or wrong. Never raises.

What is returned can be stored anywhere: no NUL, no lone surrogates, no control characters.
"""

import codecs
import re

# What senders write, and the superset that reads it.
_READ_AS = {
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "windows-936": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "windows-874": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
}
_SAYS_NOTHING = frozenset({"ascii", "cp1252", "iso8859-1"})  # any bytes pass for these
_NO_CHARSETS = frozenset({"unicode-escape", "raw-unicode-escape", "punycode", "idna"})
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH = re.compile(rb"[\x80-\xff]")
# GBK's pairs; first group: punctuation and the characters in daily use.
_CHINESE = re.compile(rb"([\xa1-\xa3\xb0-\xd7][\xa1-\xfe])|[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SAMPLE = 20_000  # bytes that a guess looks at


def decode(content: bytes, declared: str | None) -> str:
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return storable(content.decode(name, "replace"))
    codec = _codec(declared)
    if codec is None or codec in _SAYS_NOTHING:
        return storable(_guess(content, codec))
    try:
        text = content.decode(codec, "replace")
    except (UnicodeError, ValueError):  # a few codecs never replace: idna, undefined
        return storable(_guess(content, None))
    if text.count("\ufffd") > len(text) // 50:  # not a slip here and there: the label is wrong
        text = _first_that_fits(content, "utf-8", "gb18030") or text
    return storable(text)


def storable(text: str) -> str:
    """Without what a database or a terminal would choke on; line ends become plain."""
    return _UNSTORABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _codec(declared: str | None) -> str | None:
    name = (declared or "").strip().strip("\"'").lower()
    try:
        info = codecs.lookup(_READ_AS.get(name, name))
    except (LookupError, ValueError):
        return None
    # base64, rot13 and their like are codecs too, but not of text.
    is_charset = getattr(info, "_is_text_encoding", True) and info.name not in _NO_CHARSETS
    return info.name if is_charset else None


def _guess(content: bytes, codec: str | None) -> str:
    if b"\x1b$" in content and (text := _first_that_fits(content, "iso2022_jp")):
        return text
    if (text := _first_that_fits(content, "utf-8")) is not None:
        return text
    if _looks_chinese(content) and (text := _first_that_fits(content, "gb18030")):
        return text
    return content.decode("utf-8" if codec is None else "cp1252", "replace")


def _looks_chinese(content: bytes) -> bool:
    """Western texts have lone high bytes among letters, Chinese ones mostly common pairs."""
    sample = content[:_SAMPLE]
    common = sum(bool(pair) for pair in _CHINESE.findall(sample))
    return common > 1 and common * 2 >= 0.6 * len(_HIGH.findall(sample))


def _first_that_fits(content: bytes, *codecs_to_try: str) -> str | None:
    for codec in codecs_to_try:
        try:
            return content.decode(codec)
        except (UnicodeError, ValueError):
            continue
    return None
