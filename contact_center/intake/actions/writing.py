"""Writes down what a batch has decided: one statement for each kind of row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.channels.base import Outgoing
from contact_center.deliveries import actions as deliveries
from contact_center.events.actions import record_all
from contact_center.intake import rules
from contact_center.intake.models import Draft, Line, Talk
from contact_center.messages import queries as messages
from contact_center.messages.models import Direction
from contact_center.messages.rules import attachment_rows, message_row
from contact_center.tickets.rules import reply_subject


async def write_lines(
    session: AsyncSession, drafts: Sequence[tuple[Talk, Draft]], *, now: datetime
) -> None:
    said = [(draft, line) for _, draft in drafts for line in draft.lines]
    ids = await messages.insert_messages(
        session, [_line_row(draft, line, now=now) for draft, line in said]
    )
    files: list[dict[str, Any]] = []
    leaving: list[dict[str, Any]] = []
    words: dict[int, str] = {}
    for (draft, line), number in zip(said, ids, strict=True):
        line.id = number
        files += attachment_rows(number, line.files, now=now)
        if line.direction is Direction.OUT:
            leaving.append(_line_delivery(draft, line, now=now))
        else:
            words[number] = f"{draft.subject} {line.text}" if draft.is_new else line.text
    await messages.index_messages(session, words)
    if files:
        await messages.insert_attachments(session, files)
    await deliveries.enqueue_all(session, leaving)


def _line_row(draft: Draft, line: Line, *, now: datetime) -> dict[str, Any]:
    return message_row(
        ticket_id=draft.id,
        conversation_id=line.talk.id,
        direction=line.direction,
        author=line.author,
        author_id=line.author_id,
        channel=line.talk.channel,
        external_id=line.external_id,
        text=line.text,
        original=line.original,
        sender=line.sender,
        buttons=line.buttons,
        has_attachments=bool(line.files),
        now=now,
    )


def _line_delivery(draft: Draft, line: Line, *, now: datetime) -> dict[str, Any]:
    is_receipt = line.kind == rules.RECEIPT
    message = Outgoing(
        idempotency_key=line.external_id,
        address=line.talk.address,
        text=line.text,
        subject=reply_subject(draft.subject, ticket_id=draft.id) if is_receipt else None,
        buttons=line.buttons,
        references=_taken_in(draft) if is_receipt else [],
        extra={"ticket_id": draft.id},
    )
    return deliveries.delivery_row(
        message,
        channel=line.talk.channel,
        order_key=f"conversation:{line.talk.id}",
        kind=line.kind,
        now=now,
        ticket_id=draft.id,
        message_id=line.id,
    )


def _taken_in(draft: Draft) -> list[str]:
    return [line.external_id for line in draft.lines if line.direction is Direction.IN]


async def write_events(
    session: AsyncSession, drafts: Sequence[tuple[Talk, Draft]], *, now: datetime
) -> None:
    rows = [
        {
            "ticket_id": draft.id,
            "seq": draft.event_count + number,
            "kind": kind,
            "actor": actor,
            "data": data,
            "at": now,
        }
        for _, draft in drafts
        for number, (kind, actor, data) in enumerate(draft.events, start=1)
    ]
    await record_all(session, rows)


def talk_updates(drafts: Sequence[tuple[Talk, Draft]], *, now: datetime) -> list[dict[str, Any]]:
    talks = {line.talk.id: line.talk for _, draft in drafts for line in draft.lines}
    return [
        {
            "row_id": talk.id,
            "new_ticket_id": talk.ticket.id if talk.ticket else None,
            "new_dialogue": talk.dialogue,
            "new_language": talk.language,
            "new_updated_at": now,
        }
        for _, talk in sorted(talks.items())
    ]
