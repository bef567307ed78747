"""Files that belong to messages, kept outside the database."""

import asyncio
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from contact_center.errors import NotFound, TooLarge

CHUNK = 64 * 1024  # bytes
MESSAGE_MAY_FOLLOW = timedelta(days=7)  # a file waits that long for the message that carries it
_UNFINISHED = "tmp"  # how names begin of files that are being written
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is safely stored; `name` is what the sender called it, never a path."""

    key: str
    name: str
    content_type: str
    size: int
    sha256: str


class Storage(Protocol):
    async def save(
        self, chunks: AsyncIterator[bytes], *, name: str, content_type: str, limit: int
    ) -> StoredFile:
        """Durable when it returns. Raises TooLarge beyond `limit` bytes and keeps nothing."""

    async def load(self, key: str) -> bytes:
        """Raises NotFound."""

    async def delete(self, key: str) -> None:
        """Silent when the file is not there."""

    def keys(self, *, before: datetime) -> AsyncIterator[str]:
        """Files saved before that instant."""

    async def remove_unfinished(self, *, before: datetime) -> int:
        """What nobody has written to since, because the process ended; returns how many."""


class LocalStorage:
    """A directory tree; file names are random keys, so no sender's name touches the disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def save(
        self, chunks: AsyncIterator[bytes], *, name: str, content_type: str, limit: int
    ) -> StoredFile:
        key = secrets.token_hex(16)
        digest, size, path = hashlib.sha256(), 0, self._path(key)
        file = await asyncio.to_thread(_begin, path.parent)
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(code="file.too_large", bytes=limit)
                digest.update(chunk)
                await asyncio.to_thread(_append, file, chunk)
            await asyncio.to_thread(_finish, file, path)
        except BaseException:
            _drop(file)  # at once: this task may be cancelled
            raise
        return StoredFile(key, clean_name(name), content_type, size, digest.hexdigest())

    async def load(self, key: str) -> bytes:
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError:
            raise NotFound(code="file.gone") from None

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def keys(self, *, before: datetime) -> AsyncIterator[str]:
        for directory in await asyncio.to_thread(_sorted, self._root):
            for key in await asyncio.to_thread(_saved, directory, before.timestamp()):
                yield key

    async def remove_unfinished(self, *, before: datetime) -> int:
        removed = 0
        for directory in await asyncio.to_thread(_sorted, self._root):
            removed += await asyncio.to_thread(_clear, directory, before.timestamp())
        return removed

    def _path(self, key: str) -> Path:
        if not key.isalnum():
            raise NotFound(code="file.unknown")
        return self._root / key[:2] / key


def clean_name(name: str) -> str:
    """What is safe to show and to offer as a download name."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(char for char in last if char.isprintable()).strip(" .")
    return printable[-150:] or "file"


def _sorted(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def _saved(directory: Path, before: float) -> list[str]:
    """Names of finished files; what is still being written has another kind of name."""
    files = (path for path in directory.iterdir() if _KEY.fullmatch(path.name))
    return sorted(path.name for path in files if path.stat().st_mtime < before)


def _clear(directory: Path, before: float) -> int:
    files = (path for path in directory.iterdir() if path.name.startswith(_UNFINISHED))
    left = [path for path in files if path.stat().st_mtime < before]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _begin(directory: Path) -> BinaryIO:
    directory.mkdir(parents=True, exist_ok=True)
    return cast(
        "BinaryIO", tempfile.NamedTemporaryFile(dir=directory, prefix=_UNFINISHED, delete=False)
    )


def _append(file: BinaryIO, chunk: bytes) -> None:
    file.write(chunk)
    file.flush()


def _finish(file: BinaryIO, path: Path) -> None:
    os.fsync(file.fileno())
    file.close()
    Path(file.name).replace(path)


def _drop(file: BinaryIO) -> None:
    file.close()
    Path(file.name).unlink(missing_ok=True)
