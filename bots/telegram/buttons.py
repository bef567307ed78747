"""Quick replies as inline keyboards, and what a press of one says."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from contact_center.channels.base import Button

LONGEST_DATA = 64  # bytes of callback data, Telegram's limit
_SIGNATURE = 6  # bytes; eight characters of base64


def token(secret: bytes, *, chat: str, value: str) -> str:
    """Callback data that only this chat can send back: `value.signature`.

    Any client can send any callback data, so what is not signed was not offered by us.
    """
    data = f"{value}.{_sign(secret, chat, value)}"
    if len(data.encode()) > LONGEST_DATA:
        raise ValueError(f"the button value {value!r} is too long for Telegram's callback data")
    return data


def value(secret: bytes, *, chat: str, data: str) -> str | None:
    """What the pressed button stands for, or None when it is not one of ours."""
    said, _, signature = data.rpartition(".")
    genuine = hmac.compare_digest(signature.encode(), _sign(secret, chat, said).encode())
    return said if genuine else None


def keyboard(buttons: Sequence[Button], *, secret: bytes, chat: str) -> InlineKeyboardMarkup | None:
    if not buttons:
        return None
    keys = [
        InlineKeyboardButton(
            button.label, callback_data=token(secret, chat=chat, value=button.value)
        )
        for button in buttons
    ]
    width = _row_width(max(len(button.label) for button in buttons))
    rows = [keys[start : start + width] for start in range(0, len(keys), width)]
    return InlineKeyboardMarkup(rows)


def _row_width(longest_label: int) -> int:
    if longest_label <= 3:
        return 5
    return 2 if longest_label <= 14 else 1


def _sign(secret: bytes, chat: str, said: str) -> str:
    digest = hmac.digest(secret, f"telegram button {chat} {said}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:_SIGNATURE]).decode()
