"""Did a person write this? Answering a machine makes loops, and its mail is no inquiry."""

import re
from email.message import Message

from contact_center.channels.email.headers import header
from contact_center.channels.email.mail import Mailbox

MARK = "X-Contact-Center"  # every mail of ours carries it

_AUTO_REPLY_HEADERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply-From",
    "X-Mail-Autoreply",
    "X-AutoReply-From",
    "X-Failed-Recipients",
)
_PRECEDENCE = frozenset({"bulk", "junk", "auto_reply", "auto-reply"})
_REPORTS = frozenset({"delivery-status", "disposition-notification", "feedback-report"})
_DAEMON = re.compile(
    r"\W?(?:mail(?:er)?[ ._-]?daemon|post[ ._-]?master|mdaemon|double-bounce"
    r"|mail[ ._-]delivery[ ._-](?:sub)?system)\b",
    re.IGNORECASE,
)
# Only at the very start, where clients put it; "Re: Automatic reply" was written by somebody.
_SUBJECT = re.compile(
    r"(?:auto(?:matic|mated)?[ -]?(?:reply|response|antwort)|auto:|out of (?:the )?office"
    r"|automatische (?:antwort|reactie)|abwesenheits(?:notiz|meldung|nachricht)|abwesend:"
    r"|r[ée]ponse automatique|absence du bureau|respuesta autom[áa]tica|fuera de la oficina"
    r"|risposta automatica|resposta autom[áa]tica|odpowied[źz] automatyczna|автоответ"
    r"|автоматический ответ|自动回复|自動回覆|自动答复|自動応答|自动应答)(?![\w一-鿿])",
    re.IGNORECASE,
)


def why_automatic(message: Message, *, sender: Mailbox, envelope_from: str | None) -> str | None:
    """The sign that a machine sent it, or None."""
    for name, is_sign in (
        ("Auto-Submitted", lambda value: value.split(";")[0].strip() not in ("", "no")),
        ("Precedence", lambda value: value.strip() in _PRECEDENCE),
        ("X-Auto-Response-Suppress", lambda value: "all" in re.split(r"[\s,;]+", value)),
        ("X-Apple-Action", lambda value: value.strip() == "vacation"),
        ("X-POST-MessageClass", lambda value: "autoresponder" in value),
        ("Delivered-To", lambda value: value.strip() == "autoresponder"),
        ("Return-Path", lambda value: value.strip() == "<>"),
    ):
        if is_sign(header(message, name).lower()):
            return name
    for name in _AUTO_REPLY_HEADERS:
        if header(message, name).lower() not in ("", "no", "false"):
            return name
    return _by_shape(message, sender=sender, envelope_from=envelope_from)


def _by_shape(message: Message, *, sender: Mailbox, envelope_from: str | None) -> str | None:
    if report_type(message) in _REPORTS:
        return "a report"
    if envelope_from == "":
        return "an empty envelope sender"
    if is_mail_server(sender):
        return "a mail server's address"
    if _SUBJECT.match(header(message, "Subject")):
        return "the subject"
    return None


def is_mail_server(sender: Mailbox) -> bool:
    """Mailer-Daemon and its relatives, by address or, where that is missing, by name."""
    return bool(_DAEMON.match(sender.address) or _DAEMON.match(sender.name))


def report_type(message: Message) -> str:
    if message.get_content_type() != "multipart/report":
        return ""
    try:
        return str(message.get_param("report-type", "")).lower()
    except Exception:  # noqa: BLE001  broken RFC 2231
        return ""
