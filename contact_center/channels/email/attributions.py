"""What mail programs write above the mail they quote, in the languages our customers use.

Every pattern is applied to bounded pieces of text, so the time stays linear in the mail's length.
"""

import re

LONGEST_ATTRIBUTION = 6  # lines that one may be wrapped over
_LONGEST = 500  # characters of it

# "wrote" where it ends the line that introduces a quote.
_WROTE = re.compile(
    r"(?:wrote|writes|said|schrieb|schreef|geschreven|geschrieben|a écrit|écrit|escribió|escribio"
    r"|escreveu|ha scritto|scrisse|skrev|skrev följande|kirjoitti|napisał(?:\(a\))?|napisał/a"
    r"|napsal(?:\(a\))?|написал(?:\(а\)|а)?|пишет|写道|寫道|編寫|书写|さんは書きました|のメール)"
    r"\s*[:：]?\s*[-*_]*\s*$",
    re.IGNORECASE,
)
# "… schrieb Name <a@b>:" and Gmail's form without any verb: it ends in an address and a colon.
_ADDRESS_COLON = re.compile(r"[<(\[]?[^\s<>@]{1,64}@[^\s<>@]{1,253}?[>)\]]?\s*[:：]\s*$")
_VERB_BEFORE_NAME = re.compile(
    r"\b(?:schrieb|skrev|schreef|wrote|写道|писал|написал)\b.{1,200}[:：]\s*$", re.IGNORECASE
)
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
_DATED = re.compile(
    r"\d{1,2}[:.h]\d{2}|\b(?:19|20)\d\d\b|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d年|\d月"
)
# How one begins that is wrapped: a preposition and a date, a date, or a name and an address.
_OPENS = re.compile(
    r"(?:-{2,} ?)?(?:On|Le|Am|Op|El|Em|Il|Il giorno|Den|På|W dniu|Dnia|Dne|在|于) ?.{0,20}\d"
    r"|\w{2,12}[.,]{0,2} \d{1,2}[. ]|\d{1,4}[-/. ]"
    r"|\w{6,12}, \d{1,2} |.{1,120}<$|.{1,120}于\s?\d{4}年",
    re.IGNORECASE,
)
_SHARES_LINE = re.compile(
    r"\bOn (?:(?:mon|tue|wed|thu|fri|sat|sun)\w{0,6},? |\d{1,2}[ /-])"
    r".{6,200}\bwrote\s*[:：]?\s*-*\s*$",
    re.IGNORECASE,
)

_ORIGINAL = (
    "original message|original|original appointment|original e-?mail|reply message|your message"
    "|ursprüngliche nachricht|originalnachricht|original-nachricht|ursprüngliche e-mail"
    "|message d'origine|message original|courriel original|mensaje original|mensagem original"
    "|messaggio originale|oorspronkelijk bericht|oprindelig (?:meddelelse|besked)"
    "|oprindelig e-mail|ursprungligt meddelande|originalmeddelande|opprinnelig melding"
    "|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|původní zpráva"
    "|исходное сообщение|пересылаемое сообщение|原始邮件|原始郵件|原始信件|原邮件|原郵件|回复邮件"
    "|答复邮件|元のメッセージ|원본 메시지"
)
_SEPARATOR = re.compile(_ORIGINAL, re.IGNORECASE)
_DASHED_FORWARD = re.compile(
    "forwarded|weitergeleitete (?:nachricht|e-mail)|message transféré|mensaje reenviado"
    "|messaggio inoltrato|doorgestuurd bericht|转发的?邮件(?:信息)?|轉寄的?郵件|转发的消息",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    "begin forwarded message|anfang der weitergeleiteten nachricht"
    "|début du message (?:réexpédié|transféré)|inicio del mensaje reenviado|开始转发的邮件",
    re.IGNORECASE,
)

_FIELDS = {
    "from": "from|von|de|da|van|från|fra|od|lähettäjä|от|发件人|發件人|寄件者|寄件人|差出人"
    "|보낸 사람",
    "sent": "date|sent|gesendet|datum|envoyé(?: le)?|fecha|enviado(?: el| em)?|data|inviato"
    "|verzonden|skickat|sendt|dato|wysłano|lähetetty|дата|отправлено|发送时间|發送時間|发送日期"
    "|寄件日期|日期|時間|送信日時|日時|보낸 날짜",
    "to": "to|an|à|a|para|aan|till|til|do|vastaanottaja|кому|收件人|收件者|宛先|받는 사람",
    "cc": "cc|kopie|copie|kopia|копия|抄送|抄送人|副本",
    "reply": "reply-to|antwort an|répondre à|responder a|risposta|rispondi a|回复|回复地址",
    "subject": "subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|temat|aihe|тема"
    "|主题|主題|主旨|件名|제목",
}
_FIELD = re.compile(
    r"[>\s]*\*{0,2}(?:"
    + "|".join(f"(?P<{kind}>{names})" for kind, names in _FIELDS.items())
    + r")\s?[:：]\*{0,2}(?P<value>.*)",
    re.IGNORECASE,
)
_LATER_FIELD = re.compile(
    r"\s(?:"
    + "|".join(f"(?P<{kind}>{names})" for kind, names in _FIELDS.items() if kind != "from")
    + r")[:：]\s",
    re.IGNORECASE,
)
# Some clients pad short labels to the width of long ones: 主　题.
_PADDED = re.compile(r"(?<=[一-鿿])[ \u3000\xa0]+(?=[一-鿿]\s*[:：])")


def attribution_length(lines: list[str], at: int) -> int:
    """How many lines from `at` on introduce a quote ("On …, Ann wrote:"); 0 where they do not."""
    joined = lines[at].strip()[:_LONGEST]
    if not joined:
        return 0
    if _introduces(joined):
        return 1
    if not _OPENS.match(joined):
        return 0
    for length, line in enumerate(lines[at + 1 : at + LONGEST_ATTRIBUTION], start=2):
        joined = f"{joined} {line.strip()[:_LONGEST]}".strip()
        if len(joined) > _LONGEST:
            break
        if _introduces(joined):
            return length
    return 0


def is_certain(attribution: str) -> bool:
    """Programs name a time or an address; "in 2024 he wrote:" may be a customer's own words."""
    return "@" in attribution or bool(_TIME.search(attribution))


def shared_line(line: str) -> str | None:
    """The reply, where it stands on the same line as the attribution behind it."""
    if len(line) > 2 * _LONGEST or not (match := _SHARES_LINE.search(line)):
        return None
    reply = line[: match.start()].rstrip(" -")
    return reply if re.search(r"\w", reply) and not reply.startswith(">") else None


def is_separator(line: str) -> bool:
    """-----Original Message-----"""
    line = line.strip(" \t*_")
    if not (line.startswith("--") and line.endswith("--") and len(line) < _LONGEST):
        return False
    return bool(_SEPARATOR.fullmatch(line.strip("- :：")))


def is_forward(line: str) -> bool:
    """---------- Forwarded message ----------"""
    line = line[:_LONGEST].lstrip("> \t*_")
    if line.startswith("--"):
        return bool(_DASHED_FORWARD.match(line.lstrip("- ")))
    return bool(_FORWARD.match(line))


def field_kind(line: str) -> tuple[str, str] | None:
    """The meaning and value of a line like "Gesendet: Montag"."""
    line = _PADDED.sub("", line[:_LONGEST].replace("\xa0", " "))
    match = _FIELD.match(line)
    if match is None:
        return None
    kind = next(kind for kind in _FIELDS if match[kind])
    return kind, match["value"].strip()


def later_field(value: str) -> str | None:
    """The meaning of a second field on the same line, where line breaks were lost."""
    match = _LATER_FIELD.search(value[:_LONGEST])
    return match.lastgroup if match else None


def _introduces(line: str) -> bool:
    if not _DATED.search(line):
        return False
    return bool(
        _WROTE.search(line) or _ADDRESS_COLON.search(line) or _VERB_BEFORE_NAME.search(line)
    )
