import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from contact_center.channels.base import Inbound, Sender
from contact_center.errors import NotFound
from contact_center.events.rules import agent
from contact_center.jobs import actions as slots
from contact_center.jobs.models import JobRun
from contact_center.ledger import actions as ledger
from contact_center.logins.models import LoginSession
from contact_center.messages import actions as messages
from contact_center.storage import MESSAGE_MAY_FOLLOW, StoredFile
from contact_center.tickets.models import Status
from contact_center.uploads import actions as uploads
from contact_center.web.models import IdempotentAnswer
from scheduler import housekeeping
from tests.support.factories import make_agent, make_ticket


async def count(db, table) -> int:
    async with db.read() as session:
        return len((await session.scalars(select(table))).all())


async def test_logins_that_are_over_are_forgotten(runtime, clock) -> None:
    async with runtime.db.begin() as session:
        ann = await make_agent(session, now=clock())
        for name, hours in (("over", 0), ("valid", 1)):
            session.add(
                LoginSession(
                    id_hash=name,
                    agent_id=ann.id,
                    csrf_token="t",
                    created_at=clock(),
                    seen_at=clock(),
                    expires_at=clock() + timedelta(hours=hours),
                )
            )

    await housekeeping.forget_expired(runtime)

    async with runtime.db.read() as session:
        assert [s.id_hash for s in await session.scalars(select(LoginSession))] == ["valid"]


async def test_kept_answers_are_forgotten_in_batches(runtime, clock, monkeypatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    async with runtime.db.begin() as session:
        for number in range(6):
            session.add(
                IdempotentAnswer(
                    caller="agent:1",
                    key=str(number),
                    fingerprint="f",
                    status=201,
                    body="{}",
                    created_at=clock() - timedelta(days=3 if number < 5 else 1),
                )
            )

    assert await housekeeping.forget_expired(runtime) == 5

    assert await count(runtime.db, IdempotentAnswer) == 1


async def test_old_runs_of_jobs_are_forgotten(runtime, clock) -> None:
    for slot in ("old", "new"):
        async with runtime.db.begin() as session:
            await slots.claim_slot(
                session, job="j", slot=slot, owner="o", now=clock(), lease_seconds=60
            )
        clock.advance(days=20)

    clock.advance(days=5)
    assert await housekeeping.forget_old_runs(runtime) == 1

    async with runtime.db.read() as session:
        assert [run.slot for run in await session.scalars(select(JobRun))] == ["new"]


# Files


async def saved(runtime, *, age: timedelta) -> StoredFile:
    async def chunks():
        yield b"content"

    file = await runtime.storage.save(chunks(), name="a.txt", content_type="text/plain", limit=99)
    path = Path(runtime.storage._path(file.key))
    at = (runtime.now() - age).timestamp()
    os.utime(path, (at, at))
    return file


async def is_there(runtime, file: StoredFile) -> bool:
    return Path(runtime.storage._path(file.key)).exists()


async def test_files_whose_message_was_never_written_are_removed_in_the_end(runtime) -> None:
    old = await saved(runtime, age=housekeeping.FILES_KEPT + timedelta(hours=1))
    young = await saved(runtime, age=MESSAGE_MAY_FOLLOW)

    assert await housekeeping.remove_lost_files(runtime) == 1

    assert not await is_there(runtime, old)
    assert await is_there(runtime, young)


async def test_files_of_messages_stay(runtime, clock, monkeypatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 1)
    files = [await saved(runtime, age=timedelta(days=30)) for _ in range(3)]
    async with runtime.db.begin() as session:
        ann = await make_agent(session, now=clock())
        ticket = await make_ticket(session, now=clock(), status=Status.OPEN)
        await messages.add_note(
            session, ticket.id, text="see", by=agent(ann.id), now=clock(), files=files
        )

    assert await housekeeping.remove_lost_files(runtime) == 0


async def test_files_of_messages_in_quarantine_stay(runtime, clock) -> None:
    file = await saved(runtime, age=timedelta(days=30))
    inbound = Inbound(
        channel="email",
        external_id="1",
        sender=Sender(address="ann@example.com"),
        thread="t",
        text="",
        attachments=[file],
    )
    async with runtime.db.begin() as session:
        await ledger.quarantine(session, [(inbound, "too odd")], now=clock())

    assert await housekeeping.remove_lost_files(runtime) == 0


async def test_files_that_were_sent_ahead_wait_a_day_for_their_message(runtime, clock) -> None:
    old, young = [await saved(runtime, age=timedelta(hours=hours)) for hours in (25, 23)]
    async with runtime.db.begin() as session:
        for file, hours in ((old, 25), (young, 23)):
            sent_at = clock() - timedelta(hours=hours)
            await uploads.add_upload(session, file, by=agent(1), now=sent_at)

    await housekeeping.remove_lost_files(runtime)

    async with runtime.db.begin() as session:
        assert await uploads.take(session, [2], by=agent(1)) == [young]
        with pytest.raises(NotFound):
            await uploads.take(session, [1], by=agent(1))


async def test_a_node_without_files_has_nothing_to_remove(runtime) -> None:
    assert await housekeeping.remove_lost_files(runtime) == 0
