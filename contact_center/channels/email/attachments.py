"""What becomes of the files in a mail: stored, or refused in words people can read."""

import mimetypes
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch

from contact_center.channels.email.host import Host
from contact_center.channels.email.mail import MailFile
from contact_center.storage import CHUNK, Storage, StoredFile, clean_name

_MAIL = "message/rfc822"  # a forwarded mail is taken as the mail around it is


@dataclass
class Kept:
    files: list[StoredFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # one for each refused file


async def keep_files(files: Sequence[MailFile], *, host: Host) -> Kept:
    """Durable when it returns; the caller deletes them again where the mail is not taken."""
    kept = Kept()
    try:
        for file in files:
            if reason := _why_refused(file, len(kept.files), host):
                kept.notes.append(_note(file, reason, host))
            else:
                kept.files.append(await _store(file, host.storage))
    except BaseException:
        await drop_files(kept.files, storage=host.storage)
        raise
    return kept


async def drop_files(files: Sequence[StoredFile], *, storage: Storage) -> None:
    for file in files:
        await storage.delete(file.key)


async def _store(file: MailFile, storage: Storage) -> StoredFile:
    return await storage.save(
        _chunks(file.content),
        name=clean_name(file.name),
        content_type=file.content_type,
        limit=len(file.content),
    )


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]


def _why_refused(file: MailFile, kept: int, host: Host) -> str | None:
    """The name of the reason among the texts."""
    limits = host.settings.attachments
    if kept >= limits.max_per_message:
        return "too_many"
    if file.content_type == _MAIL:
        return None
    if len(file.content) > limits.max_bytes:
        return "too_large"
    # The name decides what opens the file later on, so it must not be of another kind.
    kinds = {file.content_type, mimetypes.guess_type(file.name)[0] or file.content_type}
    allowed = all(any(fnmatch(kind, pattern) for pattern in limits.types) for kind in kinds)
    return None if allowed else "wrong_type"


def _note(file: MailFile, reason: str, host: Host) -> str:
    limits = host.settings.attachments
    return host.texts.say(
        host.settings.language,
        f"mail.{reason}",
        name=clean_name(file.name),
        type=file.content_type,
        megabytes=round(limits.max_bytes / 1024 / 1024, 1),
        files=limits.max_per_message,
    )
