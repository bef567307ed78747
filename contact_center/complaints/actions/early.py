"""Accepted early: a summary letter takes the place of the final response."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.queries import who_hears
from contact_center.alerts.actions import alert
from contact_center.complaints.actions import clocks
from contact_center.complaints.actions.turns import Turn, begin, note, put, tell
from contact_center.complaints.models import Case, Complaint, Stage
from contact_center.complaints.rules.stages import StepRefused, turned_down_to
from contact_center.errors import Conflict, Invalid
from contact_center.events.rules import Actor
from contact_center.sla.models import ClockKind

_ENDED = (ClockKind.FINAL_RESPONSE, ClockKind.STATUS_UPDATE)


async def note_accepted(session: AsyncSession, case: Case, *, now: datetime) -> None:
    """Nothing more is to be answered or told.

    Where that was early, the long clock never applied, and the owner owes a letter.
    """
    complaint, ticket = case.complaint, case.ticket
    await clocks.drop(session, case, _ENDED, now=now, excluded=complaint.is_summary)
    if complaint.is_summary:
        await clocks.never_applied(session, case, now=now)
    if complaint.owes_summary and ticket.owner_id is not None:
        about = ticket.about_agent_id
        await alert(
            session,
            to=await who_hears(session, [ticket.owner_id], about=about, now=now),
            kind="complaint.summary_owed",
            facts={},
            now=now,
            ticket_id=ticket.id,
            key=f"complaint-summary-{ticket.id}-{now.isoformat()}",
        )


async def turn_down(
    session: AsyncSession, case: Case, *, channel: str, quote: str, by: Actor, now: datetime
) -> None:
    """The customer does not accept it, or not after all; an early acceptance never was one."""
    complaint, was_summary = case.complaint, case.complaint.is_summary
    to = turned_down_to(complaint)
    keep_answer(complaint, channel=channel, quote=quote, now=now)
    complaint.summary_sent_at = None
    await put(session, case, to, by=by, now=now, channel=channel)
    if was_summary:
        await clocks.applies_again(session, case, now=now)
    if complaint.responded_at is not None:
        await clocks.look_again(session, case, now=now)


def keep_answer(complaint: Complaint, *, channel: str, quote: str, now: datetime) -> None:
    complaint.answer_channel, complaint.answer_quote = channel[:64], quote
    complaint.answered_at = now


async def send_summary(
    session: AsyncSession, ticket_id: int, *, text: str, contents: Collection[str], turn: Turn
) -> Case:
    """The letter that says it is settled, with all that the preset asks of it."""
    case, _ = await begin(session, ticket_id, turn)
    complaint = case.complaint
    if complaint.stage is not Stage.ACCEPTED or not complaint.is_summary:
        raise StepRefused(code="complaint.summary_follows_early")
    if complaint.summary_sent_at is not None:
        raise Conflict(code="complaint.summary_sent")
    if unknown := set(contents) - turn.procedure.contents.keys():
        raise Invalid(code="complaint.no_such_content", contents=sorted(unknown))
    lacks = [code for code in complaint.summary_contents or () if code not in contents]
    if lacks:
        raise StepRefused(
            code="complaint.summary_incomplete", missing=[f"content.{code}" for code in lacks]
        )
    message = await tell(session, case, turn, text)
    complaint.summary_sent_at, complaint.summary_message_id = turn.now, message.id
    facts = {"message": message.id, "contents": sorted(contents)}
    await note(session, case, "summary_sent", by=turn.by, now=turn.now, **facts)
    return case
