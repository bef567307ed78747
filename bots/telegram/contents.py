"""What a Telegram message says, in words, and which file it carries. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from telegram import Location, Message
from telegram.constants import MessageType
from telegram.helpers import effective_message_type

Say = Callable[..., str]  # a phrase of config/texts in the customer's language

# What a customer may send that has no words and no file we could keep. Other kinds without words
# are Telegram's own notices ("pinned a message") and say nothing to us.
SHOWN_BY_NAME = {
    MessageType.POLL,
    MessageType.DICE,
    MessageType.GAME,
    MessageType.STORY,
    MessageType.INVOICE,
    MessageType.PAID_MEDIA,
    MessageType.GIVEAWAY,
    MessageType.CHECKLIST,
    MessageType.GIFT,
    MessageType.UNIQUE_GIFT,
}


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that lies at Telegram."""

    file_id: str
    name: str
    content_type: str
    size: int | None  # bytes, where Telegram tells


def words_of(message: Message, say: Say) -> str | None:
    """None for Telegram's own notices."""
    if (written := message.text or message.caption) is not None:
        return written
    if file_of(message):
        return ""
    return _described(message, say)


def _described(message: Message, say: Say) -> str | None:
    if sticker := message.sticker:
        return say("telegram.sticker", emoji=sticker.emoji or "")
    if venue := message.venue:  # it comes with its location
        return _place(venue.location, say, name=f"{venue.title}, {venue.address} ")
    if message.location:
        return _place(message.location, say, name="")
    if contact := message.contact:
        name = " ".join(filter(None, (contact.first_name, contact.last_name)))
        return say("telegram.contact", name=name, phone=contact.phone_number)
    kind = effective_message_type(message)
    unknown = kind is None or kind in SHOWN_BY_NAME
    return say("telegram.unsupported", kind=kind or "?") if unknown else None


def _place(spot: Location, say: Say, *, name: str) -> str:
    where = f"{spot.latitude:.6f},{spot.longitude:.6f}"
    link = f"https://www.openstreetmap.org/?mlat={spot.latitude:.6f}&mlon={spot.longitude:.6f}"
    return say("telegram.location", place=f"{name}{where}", link=link)


def file_of(message: Message) -> FileRef | None:
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return FileRef(largest.file_id, "photo.jpg", "image/jpeg", largest.file_size)
    if voice := message.voice:
        return FileRef(voice.file_id, "voice.ogg", voice.mime_type or "audio/ogg", voice.file_size)
    if note := message.video_note:
        return FileRef(note.file_id, "video.mp4", "video/mp4", note.file_size)
    # An animation is also present as a document, for clients that know no animations.
    for media, name, kind in (
        (message.animation, "animation.mp4", "video/mp4"),
        (message.video, "video.mp4", "video/mp4"),
        (message.audio, "audio.mp3", "audio/mpeg"),
        (message.document, "document", "application/octet-stream"),
    ):
        if media:
            return FileRef(
                media.file_id, media.file_name or name, media.mime_type or kind, media.file_size
            )
    return None


def own_phone(message: Message) -> str | None:
    """A number the customer shared as their own; Telegram vouches for it."""
    contact, sender = message.contact, message.from_user
    if contact and sender and contact.user_id == sender.id:
        return contact.phone_number
    return None


def command_of(text: str) -> tuple[str, str] | None:
    """A command's name and what stands behind it: "/start@our_bot x" is ("start", "x")."""
    head, _, rest = text.partition(" ")
    if not head.startswith("/") or len(head) < 2:
        return None
    return head[1:].partition("@")[0].lower(), rest.strip()
