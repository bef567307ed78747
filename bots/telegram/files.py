"""Fetches what customers attach into our storage, within its limits."""

import logging
from fnmatch import fnmatch

from telegram.error import BadRequest, TelegramError

from bots.telegram.connection import Connection
from bots.telegram.contents import FileRef
from contact_center.errors import TooLarge
from contact_center.settings import Attachments
from contact_center.storage import Storage, StoredFile

log = logging.getLogger(__name__)

LARGEST = 20 * 1024 * 1024  # bytes a bot may download
TRIES = 2


class NotFetched(Exception):
    """The customer's message arrives without its file, and says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason  # a key of config/texts, below `telegram.`


class Files:
    def __init__(self, connection: Connection, *, storage: Storage, limits: Attachments) -> None:
        self._connection = connection
        self._storage = storage
        self._limits = limits

    async def fetch(self, ref: FileRef) -> StoredFile:
        """Raises NotFetched."""
        limit = min(self._limits.max_bytes, LARGEST)
        if ref.size is not None and ref.size > limit:
            raise NotFetched("file_too_large")
        if not any(fnmatch(ref.content_type, kind) for kind in self._limits.types):
            raise NotFetched("file_refused")
        for attempt in range(1, TRIES + 1):
            try:
                return await self._download(ref, limit=limit)
            except TooLarge:
                raise NotFetched("file_too_large") from None
            except TelegramError as error:
                if attempt == TRIES or isinstance(error, BadRequest):
                    log.warning("a file could not be fetched", extra={"reason": error.message})
                    raise NotFetched("file_lost") from error
        raise AssertionError("unreachable")

    async def _download(self, ref: FileRef, *, limit: int) -> StoredFile:
        found = await self._connection.bot.get_file(ref.file_id)
        chunks = self._connection.transport.download(found.file_path or "")
        return await self._storage.save(
            chunks, name=ref.name, content_type=ref.content_type, limit=limit
        )
