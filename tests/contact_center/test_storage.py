"""Files on the local disk."""

from datetime import UTC, datetime, timedelta

import pytest

from contact_center.errors import TooLarge
from contact_center.storage import LocalStorage


async def save(storage, chunks, *, limit: int = 100):
    return await storage.save(chunks, name="a.txt", content_type="text/plain", limit=limit)


def files(root) -> list:
    return [path for path in root.rglob("*") if path.is_file()]


async def test_a_file_goes_to_the_disk_as_it_comes(tmp_path) -> None:
    written: list[int] = []

    async def chunks():
        for part in (b"one ", b"two ", b"three"):
            yield part
            written.append(sum(path.stat().st_size for path in files(tmp_path)))

    storage = LocalStorage(tmp_path)
    file = await save(storage, chunks())

    assert written == [4, 8, 13]
    assert (await storage.load(file.key), file.size) == (b"one two three", 13)
    assert [path.name for path in files(tmp_path)] == [file.key]


async def test_a_file_that_is_too_large_leaves_nothing(tmp_path) -> None:
    async def chunks():
        yield b"x" * 60
        yield b"x" * 60

    with pytest.raises(TooLarge):
        await save(LocalStorage(tmp_path), chunks())

    assert files(tmp_path) == []


async def test_a_sender_who_breaks_off_leaves_nothing(tmp_path) -> None:
    async def chunks():
        yield b"x"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await save(LocalStorage(tmp_path), chunks())

    assert files(tmp_path) == []


async def test_what_a_dead_process_left_half_written_is_removed(tmp_path) -> None:
    storage = LocalStorage(tmp_path)

    async def chunks():
        yield b"whole"

    await save(storage, chunks())
    left = tmp_path / "ab" / "tmpabc"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half a f")
    now = datetime.fromtimestamp(left.stat().st_mtime, UTC)

    assert await storage.remove_unfinished(before=now - timedelta(hours=1)) == 0
    assert await storage.remove_unfinished(before=now + timedelta(hours=1)) == 1

    assert len(files(tmp_path)) == 1
