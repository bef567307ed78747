"""What somebody wrote this time: without the mail they quote and without their signature.

Cutting too little costs the reader a glance, cutting too much loses what a customer said. So
forwarded mail stays, answers between quoted lines stay with the quotes, and whoever stores the
result stores the original beside it.
"""

import re

from contact_center.channels.email.attributions import (
    attribution_length,
    field_kind,
    is_certain,
    is_forward,
    is_separator,
    later_field,
    shared_line,
)

LONGEST_SIGNATURE = 12  # lines with something on them
_MOST_LINES = 20_000  # of longer texts the end is left alone

_MARKER = re.compile(r"[>\s|*]*##-.{1,120}-##")
_QUOTED = re.compile(r"\s{0,3}(?:>|[A-Za-z]{1,15}>(?!\S*>))")
_MOBILE = re.compile(
    r"(?:sent (?:from|via|using) (?:my |yahoo|outlook|mail|typeapp|samsung|proton|gmail|a |the )"
    r"|get outlook for |gesendet (?:von|mit) |von meinem \w{2,20} gesendet|envoyé (?:de|depuis) "
    r"|enviado desde (?:mi|el) |enviado do meu |inviato da|verzonden vanaf|verstuurd vanaf"
    r"|skickat från min|sendt fra min|wysłano z|отправлено с |发自我的|發自我的|从我的.{1,20}发送"
    r"|来自我的|發送自我的|发送自我的|发自.{0,12}(?:邮箱|手机|邮件)|iPhoneから送信)",
    re.IGNORECASE,
)
_LONGEST_MOBILE = 160  # characters, with the link some clients append
_DASHES = re.compile(r"--|[—–]")
_UNDERSCORES = re.compile(r"_{2,}")
_RULE = re.compile(r"[-=*~_]{3,}")
_CONTACT = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}\.\w|https?://|www\.|\+?\(?\d[\d ()./-]{6,}\d", re.IGNORECASE
)
_CLOSING = re.compile(
    r"(?:thanks|thank you|many thanks|cheers|regards|best|kind regards|best regards"
    r"|best wishes|sincerely|yours|mit freundlichen grüßen|viele grüße|beste grüße|grüße|gruß"
    r"|cordialement|bien à vous|merci|saludos|gracias|此致|敬礼|谢谢|祝好)\b[\s,.!，。！]*",
    re.IGNORECASE,
)


def written_now(text: str, *, sender: str = "") -> str:
    """The new part of a mail, or all of it where nothing else would be left.

    `sender` is the writer's name: what follows it at the end may be a signature.
    """
    lines = _unshared(text.replace("\xa0", " ").split("\n"))
    if len(lines) > _MOST_LINES:
        return text.strip()
    kept = _without_signature(_without_quotes(_above_marker(lines)), sender=sender)
    return "\n".join(_without_loose_end(kept)).strip() or text.strip()


def _unshared(lines: list[str]) -> list[str]:
    """Attributions on lines of their own."""
    result = []
    for line in lines:
        if reply := shared_line(line):
            result += [reply, line[len(reply) :].lstrip(" -")]
        else:
            result.append(line)
    return result


def _above_marker(lines: list[str]) -> list[str]:
    """Our mails carry a line that asks to answer above it; some people answer below."""
    for number, line in enumerate(lines):
        if _MARKER.match(line[:200]) and any(_says_something(above) for above in lines[:number]):
            return lines[:number]
    return lines


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not _QUOTED.match(line)


def _without_quotes(lines: list[str]) -> list[str]:
    """Read top-down; `kept` is what is new so far, `introduced` says that a quote was announced."""
    kept: list[str] = []
    number, introduced = 0, False
    while number < len(lines):
        if is_forward(lines[number]):
            return kept + lines[number:]
        if _QUOTED.match(lines[number]):
            end = _end_of_quote(lines, number)
            kept += _of_quote(lines, number, end, introduced=introduced, above=kept)
            number, introduced = end, False
        elif _ends_here(lines, number):
            # Nothing above it: then the answer is in or below what is quoted.
            return kept if _any_text(kept) else kept + lines[number:]
        elif length := attribution_length(lines, number):
            below = number + length
            introduced = _quoted_next(lines, below)
            if not introduced and is_certain(" ".join(lines[number:below])):
                return kept if _any_text(kept) else lines[below:]
            kept += [] if introduced else lines[number:below]
            number = below
        else:
            kept.append(lines[number])
            number += 1
    return kept


def _ends_here(lines: list[str], at: int) -> bool:
    """A separator, or the header of the mail that was answered: the rest is not new."""
    return is_separator(lines[at]) or _is_header_block(lines, at)


def _is_header_block(lines: list[str], at: int) -> bool:
    """From, Sent, To, Subject … one after another, with an address or a subject among them.

    "From: Berlin / To: Hamburg / Date: …" is a customer's own list and stays.
    """
    kinds: dict[str, str] = {}
    gaps = 0
    for line in lines[at : at + 16]:
        if field := field_kind(line):
            kinds.setdefault(*field)
            if inner := later_field(field[1]):
                kinds.setdefault(inner, "")
        elif not kinds:
            return False
        elif not line.strip() or gaps > 2:
            break
        else:
            gaps += 1  # long lists of recipients are wrapped
            last = list(kinds)[-1]
            kinds[last] += " " + line[:200]
    addressed = any("@" in kinds.get(kind, "") for kind in ("from", "to", "cc", "reply"))
    if addressed:
        return len(kinds) >= 2
    return len(kinds) >= 3 and "subject" in kinds and ("from" in kinds or "to" in kinds)


def _quoted_next(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 6] if line.strip()), "")
    return bool(_QUOTED.match(following))


def _end_of_quote(lines: list[str], at: int) -> int:
    """Blank lines and wrapped ends of quoted links belong to the quote."""
    end = number = at
    while number < len(lines):
        line = lines[number]
        if _QUOTED.match(line):
            end = number + 1
        elif line.strip() and not _is_broken_link(lines, number):
            break
        number += 1
    return end


def _is_broken_link(lines: list[str], at: int) -> bool:
    line = lines[at].strip()
    return line.startswith(("(http", "<http")) and at > 0 and bool(_QUOTED.match(lines[at - 1]))


def _of_quote(
    lines: list[str], start: int, end: int, *, introduced: bool, above: list[str]
) -> list[str]:
    """What of a quoted block is kept: all of it where somebody answers between quoted lines."""
    if any(is_forward(line) for line in lines[start:end]):
        return lines[start:end]
    rest = lines[end:]
    if not any(_says_something(line) for line in rest):
        return [] if _any_text(above) else lines[start:end]
    unquoted = [line.lstrip("> ") for line in lines[start:end]]
    introduced = introduced or attribution_length(unquoted, 0) > 0
    answered_inside = any(_QUOTED.match(line) for line in rest)
    if answered_inside or not introduced:
        return lines[start:end]
    return []


def _any_text(lines: list[str]) -> bool:
    return any(line.strip() for line in lines)


def _without_signature(lines: list[str], *, sender: str) -> list[str]:
    lines = [line for line in lines if not _is_mobile_footer(line)]
    while lines and not lines[-1].strip():
        lines.pop()
    start = _signature_start(lines, sender)
    return lines[:start] if start is not None and _any_text(lines[:start]) else lines


def _without_loose_end(lines: list[str]) -> list[str]:
    """Without rules and quotes that nothing follows any more."""
    if any(is_forward(line) for line in lines):
        return lines
    end = len(lines)
    while end and _says_nothing_new(lines[end - 1].strip()):
        end -= 1
    return lines[:end] if _any_text(lines[:end]) else lines


def _says_nothing_new(line: str) -> bool:
    return not line or bool(_RULE.fullmatch(line) or _QUOTED.match(line))


def _is_mobile_footer(line: str) -> bool:
    return len(line) <= _LONGEST_MOBILE and bool(_MOBILE.match(line.strip(" *_\t")))


def _signature_start(lines: list[str], sender: str) -> int | None:
    """Searched from the end; a signature is short."""
    filled, by_name = 0, None
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number].strip()
        if not line:
            continue
        tail = lines[number + 1 :]
        if _DASHES.fullmatch(line) or _UNDERSCORES.fullmatch(line):
            return number
        if _RULE.fullmatch(line) and _has_contact(tail):
            return number
        filled += 1
        if filled > LONGEST_SIGNATURE or _QUOTED.match(line):
            break
        if _names(line, sender):
            by_name = _with_closing(lines, number, tail) or by_name
    return by_name


def _with_closing(lines: list[str], number: int, tail: list[str]) -> int | None:
    before = next((n for n in range(number - 1, -1, -1) if lines[n].strip()), None)
    closes = before is not None and bool(_CLOSING.fullmatch(lines[before].strip()))
    if not (_has_contact([lines[number], *tail]) or (closes and not _any_text(tail))):
        return None
    return before if closes else number


def _has_contact(lines: list[str]) -> bool:
    return any(_CONTACT.search(line[:200]) for line in lines)


def _names(line: str, sender: str) -> bool:
    words = re.findall(r"[^\W\d_]{2,}", sender.split("@")[0].lower())
    return len(line) <= 60 and bool(words) and words[0] in line.lower()
