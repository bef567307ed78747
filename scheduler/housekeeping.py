"""Jobs that remove what nobody needs any more. One node runs them, once a slot."""

import logging
from datetime import timedelta
from functools import partial

from contact_center.complaints import queries as complaints
from contact_center.complaints.actions import keeping
from contact_center.jobs import queries as runs
from contact_center.ledger import queries as ledger
from contact_center.logins import queries as logins
from contact_center.messages import queries as messages
from contact_center.runtime import Runtime
from contact_center.storage import MESSAGE_MAY_FOLLOW
from contact_center.uploads import queries as uploads
from contact_center.web import queries as web
from scheduler.batches import work_off

logger = logging.getLogger(__name__)

ANSWERS_KEPT = timedelta(days=2)  # callers may repeat a call for a day
RUNS_KEPT = timedelta(days=30)
UPLOADS_KEPT = timedelta(days=1)  # what our own callers send ahead
FILES_KEPT = MESSAGE_MAY_FOLLOW + timedelta(days=1)  # so that no reference outlives its file
BATCH = 200


async def forget_expired(runtime: Runtime) -> int:
    """Forget logins that are over, and answers kept for calls that are repeated."""
    now = runtime.now()
    async with runtime.db.begin() as session:
        await logins.delete_expired_sessions(session, now=now)
    forgotten = 0
    while True:
        async with runtime.db.begin() as session:
            number = await web.forget_answers(session, before=now - ANSWERS_KEPT, limit=BATCH)
        forgotten += number
        if number < BATCH:
            return forgotten


async def delete_kept_files(runtime: Runtime) -> int:
    """Delete files of complaints whose time is over, where that is switched on."""
    if not runtime.procedure.delete_after_keeping:
        return 0
    now = runtime.now()
    return await work_off(
        runtime,
        "delete files of complaints",
        due=partial(complaints.files_to_delete, now=now),
        do=partial(keeping.delete_if_over, now=now),
    )


async def forget_old_runs(runtime: Runtime) -> int:
    async with runtime.db.begin() as session:
        return await runs.delete_old_runs(session, before=runtime.now() - RUNS_KEPT)


async def remove_lost_files(runtime: Runtime) -> int:
    """Remove files no message carries: never sent, or the process died before it was written."""
    async with runtime.db.begin() as session:
        await uploads.delete_older(session, before=runtime.now() - UPLOADS_KEPT)
    unfinished = await runtime.storage.remove_unfinished(before=runtime.now() - UPLOADS_KEPT)
    if unfinished:
        logger.info("unfinished files removed", extra={"files": unfinished})
    removed, keys = 0, []
    async for key in runtime.storage.keys(before=runtime.now() - FILES_KEPT):
        keys.append(key)
        if len(keys) == BATCH:
            removed += await _remove_lost(runtime, keys)
            keys = []
    return removed + await _remove_lost(runtime, keys)


async def _remove_lost(runtime: Runtime, keys: list[str]) -> int:
    if not keys:
        return 0
    async with runtime.db.read() as session:
        lost = set(keys) - await messages.stored_keys(session, keys)
        if lost:
            lost -= await uploads.waiting_keys(session, lost)
            lost -= await ledger.files_in_quarantine(session)
            # Once more and last: a file goes from there to a message, never back.
            lost -= await messages.stored_keys(session, lost)
    for key in sorted(lost):
        await runtime.storage.delete(key)
        logger.info("lost file removed", extra={"key": key})
    return len(lost)
