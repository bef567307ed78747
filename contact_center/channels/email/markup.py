"""HTML mail to text, with what it quotes behind `> ` as in a text mail. Never raises.

Nothing of the HTML is kept or shown, so it is not sanitised: that would drop the very attributes
that tell hidden and quoted parts. A cheap scan refuses markup that would explode in the parser.
"""

import re
from collections import deque
from html import unescape
from itertools import pairwise

from inscriptis import get_annotated_text
from inscriptis.model.config import ParserConfig

from contact_center.channels.email.charsets import storable

LONGEST_MARKUP = 1_000_000  # characters that are laid out; beyond them tags are just dropped
DEEPEST = 200  # elements within each other; libxml2 gives up at 256

_QUOTE = "quote"
_CONFIG = ParserConfig(
    annotation_rules={
        "blockquote": [_QUOTE],
        "div#class=yahoo_quoted": [_QUOTE],
        "span#id=OLK_SRC_BODY_SECTION": [_QUOTE],
    }
)
# Their end tags may be left out, so they do not count as open.
_FLAT = re.compile(
    "area|base|br|col|hr|img|input|link|meta|source|wbr|p|li|dt|dd|option|tr|td|th|thead|tbody"
    "|tfoot|colgroup|html|head|body|o:p",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,15})")
_ANY_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]*>", re.IGNORECASE)
_RULE = re.compile(r"<hr\b[^<>]*>", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")


def text_of(markup: str) -> str:
    for start, end in (("<!--", "-->"), ("<style", "</style"), ("<script", "</script")):
        markup = _without(markup, start, end)
    if len(markup) > LONGEST_MARKUP or _depth(markup) > DEEPEST:
        return _flattened(markup)
    try:
        text = _laid_out(_RULE.sub("<div>----------</div>", _XML_DECLARATION.sub("", markup)))
    except Exception:  # noqa: BLE001  lxml and inscriptis promise nothing about broken input
        return _flattened(markup)
    return text if text.strip() else _flattened(markup)


def _laid_out(markup: str) -> str:
    result = get_annotated_text(f"<html><body>{markup}</body></html>", _CONFIG)
    text = str(result["text"])
    quotes = [(start, end) for start, end, label in result["label"] if label == _QUOTE]
    return storable("\n".join(_quote_lines(text, quotes)))


def _quote_lines(text: str, quotes: list[tuple[int, int]]) -> list[str]:
    edges = deque(sorted([(start, 1) for start, _ in quotes] + [(end, -1) for _, end in quotes]))
    lines, position, depth = [], 0, 0
    for line in text.split("\n"):
        end = position + len(line)
        while edges and edges[0][0] < end:
            depth += edges.popleft()[1]
        lines.append((">" * depth + " " + line.strip()) if depth > 0 else line.rstrip())
        position = end + 1
    return lines


def _without(markup: str, start: str, end: str) -> str:
    """Cut every stretch from `start` to `end`, in linear time."""
    folded = markup.lower()
    if len(folded) != len(markup):  # a few letters change their length: then leave the case alone
        folded = markup
    kept, position = [], 0
    while (begin := folded.find(start, position)) >= 0:
        finish = folded.find(end, begin)
        if finish < 0:  # never closed: its tag goes, what follows stays
            break
        kept.append(markup[position:begin])
        close = folded.find(">", finish)
        position = close + 1 if close >= 0 else len(markup)
    return "".join(kept) + markup[position:]


def _depth(markup: str) -> int:
    """The deepest nesting, were every tag to be closed that must be."""
    depth = deepest = 0
    for tag in _TAG.finditer(markup):
        if _FLAT.fullmatch(tag[2]):
            continue
        depth = max(0, depth + (-1 if tag[1] else 1))
        deepest = max(deepest, depth)
    return deepest


def _flattened(markup: str) -> str:
    text = unescape(_ANY_TAG.sub(" ", _BREAK.sub("\n", markup)))
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return storable("\n".join(line for line, after in pairwise([*lines, ""]) if line or after))
