"""The clocks of a complaint: acknowledged, kept informed, and answered in time."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.calendars.days import due
from contact_center.complaints.models import LEVELS, UNDECIDED, Case, Stage
from contact_center.policies.choosing import Policies
from contact_center.policies.terms import Kind, Terms
from contact_center.sla import queries
from contact_center.sla.actions import clocks, promising
from contact_center.sla.actions.versions import policy_for
from contact_center.sla.models import Clock, ClockKind

OURS = (ClockKind.ACKNOWLEDGEMENT, ClockKind.STATUS_UPDATE, ClockKind.FINAL_RESPONSE)
SUMMARY = ("summary_resolution", "summary")  # how presets name the early way


async def ensure(session: AsyncSession, case: Case, *, policies: Policies, now: datetime) -> None:
    """What the ticket's own policy promises and nobody has started yet, from the receipt on."""
    complaint = case.complaint
    if complaint.stage not in UNDECIDED:
        return
    is_new = complaint.stage is Stage.RECEIVED
    kinds = [kind for kind in OURS if is_new or kind is not ClockKind.ACKNOWLEDGEMENT]
    start = complaint.received_at
    await promising.start_missing(session, case.ticket, kinds=kinds, start=start, now=now)
    if complaint.summary_due_at is None:
        complaint.summary_due_at = summary_due(case, policies)
    if complaint.summary_contents is None and (preset := policies.presets.get(complaint.preset)):
        complaint.summary_contents = list(preset.summary_contents)


def summary_due(case: Case, policies: Policies) -> datetime | None:
    """Until when an acceptance makes a summary letter enough, where the preset knows that."""
    preset = policies.presets.get(case.complaint.preset)
    if preset is None:
        return None
    found = next((c for name in SUMMARY if (c := preset.clock(name)) is not None), None)
    if found is None or preset.calendar not in policies.calendars:
        return None
    calendar = policies.calendars[preset.calendar]
    return due(found.target, case.complaint.received_at, calendar, found.rule).legal


async def done(session: AsyncSession, case: Case, kind: ClockKind, *, now: datetime) -> None:
    for clock in await _owed(session, case, [kind]):
        await clocks.stop(session, case.ticket, kind=kind, ref_id=clock.ref_id, now=now)


async def look_again(session: AsyncSession, case: Case, *, now: datetime) -> None:
    """The customer does not accept the response: a second one is due, if there may be one."""
    if case.complaint.level < LEVELS and case.complaint.review_declined_at is None:
        await promising.owe_again(session, case.ticket, kind=ClockKind.FINAL_RESPONSE, now=now)


async def drop(
    session: AsyncSession,
    case: Case,
    kinds: Collection[ClockKind],
    *,
    now: datetime,
    excluded: bool = True,
) -> None:
    """No longer owed; `excluded`: counted neither as kept nor as broken."""
    for clock in await _owed(session, case, kinds):
        await clocks.cancel(
            session, case.ticket, kind=clock.kind, ref_id=clock.ref_id, now=now, excluded=excluded
        )


async def never_applied(session: AsyncSession, case: Case, *, now: datetime) -> None:
    """Accepted early, the time for the final response counts for nothing."""
    await clocks.annul(session, case.ticket, kind=ClockKind.FINAL_RESPONSE, now=now)


async def applies_again(session: AsyncSession, case: Case, *, now: datetime) -> None:
    """The customer takes it back: the final response is owed, or was sent when it was sent."""
    kind, done_at = ClockKind.FINAL_RESPONSE, case.complaint.responded_at
    await promising.apply_again(session, case.ticket, kind=kind, now=now, done_at=done_at)
    await promising.owe_again(session, case.ticket, kind=ClockKind.STATUS_UPDATE, now=now)


async def final_clock(session: AsyncSession, ticket_id: int) -> Clock | None:
    """By when the customer must have our decision."""
    every = await queries.all_clocks(session, ticket_id)
    return next((c for c in reversed(every) if c.kind is ClockKind.FINAL_RESPONSE), None)


async def over_since(session: AsyncSession, case: Case, *, now: datetime) -> datetime | None:
    """When the time to answer ended, where there is no decision and nobody has said so yet."""
    complaint = case.complaint
    if complaint.stage not in UNDECIDED or complaint.informed_external_at is not None:
        return None
    clock = await final_clock(session, case.ticket.id)
    legal = clock.legal_due_at if clock is not None and clock.is_owed else None
    return legal if legal is not None and legal < now else None


async def final_terms(session: AsyncSession, case: Case) -> Terms | None:
    """What the ticket's own policy says of the decision, its extensions among it."""
    policy = await policy_for(session, case.ticket)
    return policy.clocks.get(Kind.FINAL_RESPONSE) if policy is not None else None


async def extend(session: AsyncSession, case: Case, *, until: datetime, now: datetime) -> None:
    clock = await final_clock(session, case.ticket.id)
    if clock is not None and clock.is_owed:
        await clocks.extend(
            session, case.ticket, kind=clock.kind, ref_id=clock.ref_id, until=until, now=now
        )


async def _owed(session: AsyncSession, case: Case, kinds: Collection[ClockKind]) -> list[Clock]:
    every = await queries.all_clocks(session, case.ticket.id)
    return [clock for clock in every if clock.kind in kinds and clock.is_owed]
