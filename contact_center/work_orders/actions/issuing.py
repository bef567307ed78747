"""What is done by whoever asks for the work. Callers own the transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.calendars.days import Target, parse
from contact_center.calendars.week import Calendar
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import Actor, agent_id
from contact_center.sla.models import ClockKind
from contact_center.supervision import actions as supervision
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import ACTIVE, IllegalTransition, Status, Ticket
from contact_center.tickets.rules import check_answers_for
from contact_center.work_orders import queries, rules
from contact_center.work_orders.actions import timing
from contact_center.work_orders.actions.approving import check_may_extend
from contact_center.work_orders.actions.holding import (
    lock,
    say,
    take_stock,
    tell_team,
    write_down,
)
from contact_center.work_orders.models import EntryKind, IllegalStep, WorkOrder, WorkOrderState
from contact_center.work_orders.rules import Visit, check_text

Calendars = Mapping[str, Calendar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a team, and what it has promised for work of this kind."""

    kind: str
    team_id: int
    task: str
    sign_for: Target
    finish: Target
    calendar: Calendar
    policy_version: str = ""
    is_blocking: bool = True
    is_visit: bool = False
    visit: Visit | None = None


async def issue(
    session: AsyncSession, ticket_id: int, asked: Asked, *, by: Actor, now: datetime
) -> WorkOrder:
    """Ask a team for work; its own promises run from now on. Raises Invalid, Conflict."""
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status not in ACTIVE - {Status.QUEUED}:
        raise IllegalTransition(
            code="ticket.claim_first", reference=ticket.reference, status=ticket.status
        )
    task = check_text(asked.task, missing="work_order.say_task")
    rules.check_visit(asked.visit, is_visit=asked.is_visit, now=now)
    await agents.get_team(session, asked.team_id)
    if len(await queries.open_work_orders_of(session, ticket.id)) >= rules.MOST_OPEN:
        raise Conflict(code="work_order.too_many", reference=ticket.reference, most=rules.MOST_OPEN)
    order = _order(ticket, asked, task=task, by=by, now=now)
    session.add(order)
    await session.flush()  # its id goes into what is written about it
    said = await timing.begin(
        session, ticket, order, _targets(order), calendar=asked.calendar, now=now
    )
    write_down(session, order, EntryKind.ISSUED, task, by=by, now=now, team_id=order.team_id)
    facts = {"team": order.team_id, "type": order.kind}
    await say(session, ticket, order, "issued", by=by, now=now, clocks=said, **facts)
    await tell_team(session, ticket, order, "issued", by=by, now=now)
    await take_stock(session, ticket, by=by, now=now)
    return order


def _order(ticket: Ticket, asked: Asked, *, task: str, by: Actor, now: datetime) -> WorkOrder:
    visit = asked.visit
    return WorkOrder(
        ticket_id=ticket.id,
        kind=asked.kind,
        state=WorkOrderState.ISSUED,
        task=task,
        team_id=asked.team_id,
        issued_by_id=agent_id(by),
        is_blocking=asked.is_blocking,
        calendar=asked.calendar.name,
        policy_version=asked.policy_version,
        sign_target=str(asked.sign_for),
        finish_target=str(asked.finish),
        sign_due_at=now,  # until its clocks run
        finish_due_at=now,
        issued_at=now,
        return_count=0,
        redo_count=0,
        version=1,
        is_visit=asked.is_visit,
        location=visit.location.strip() if visit else None,
        skill=visit.skill if visit else None,
        appointment_from=visit.appointment_from if visit else None,
        appointment_until=visit.appointment_until if visit else None,
    )


def _targets(order: WorkOrder) -> dict[ClockKind, Target]:
    return {
        ClockKind.SIGN_FOR: parse(order.sign_target),
        ClockKind.FINISH: parse(order.finish_target),
    }


async def redirect(
    session: AsyncSession,
    order_id: int,
    *,
    team_id: int,
    calendars: Calendars,
    text: str,
    by: Actor,
    now: datetime,
    as_lead: bool,
) -> WorkOrder:
    """Send what a team has returned to another (or once more to it); after two returns a lead."""
    order, ticket = await lock(session, order_id)
    team = await agents.get_team(session, team_id)
    if order.return_count >= rules.LEAD_DECIDES and not as_lead:
        raise Forbidden(
            code="work_order.lead_decides", reference=order.reference, times=order.return_count
        )
    order.move(WorkOrderState.ISSUED)
    order.team_id, order.assignee_id, order.suggested_team_id = team.id, None, None
    order.issued_at, order.signed_at = now, None
    calendar = _calendar(order, calendars)
    said = await timing.begin(session, ticket, order, _targets(order), calendar=calendar, now=now)
    write_down(session, order, EntryKind.REDIRECTED, text.strip(), by=by, now=now, team_id=team.id)
    await say(session, ticket, order, "redirected", by=by, now=now, clocks=said, team=team.id)
    await tell_team(session, ticket, order, "issued", by=by, now=now)
    await take_stock(session, ticket, by=by, now=now)
    return order


async def verify(
    session: AsyncSession,
    order_id: int,
    *,
    by: Actor,
    now: datetime,
    rating: int | None = None,
    text: str = "",
) -> WorkOrder:
    """The work is good. Only who answers for the ticket says so. Raises Forbidden."""
    order, ticket = await lock(session, order_id)
    await _check_is_owner(session, ticket, by=by, now=now)
    if rating is not None and not 1 <= rating <= 5:
        raise Invalid(code="work_order.rating")
    order.move(WorkOrderState.VERIFIED)
    order.ended_at, order.rating = now, rating
    write_down(session, order, EntryKind.VERIFIED, text.strip(), by=by, now=now)
    await say(session, ticket, order, "verified", by=by, now=now, rating=rating)
    await take_stock(session, ticket, by=by, now=now)
    return order


async def redo(
    session: AsyncSession,
    order_id: int,
    *,
    text: str,
    calendars: Calendars,
    by: Actor,
    now: datetime,
) -> WorkOrder:
    """It is not good yet: the team has half of its first time. The third is supervised."""
    order, ticket = await lock(session, order_id)
    await _check_is_owner(session, ticket, by=by, now=now)
    if ticket.status not in ACTIVE:
        raise IllegalTransition(
            code="ticket.reopen_first", reference=ticket.reference, status=ticket.status
        )
    text = check_text(text, missing="work_order.say_wrong")
    await send_back(session, order, ticket, text=text, calendars=calendars, by=by, now=now)
    return order


async def send_back(
    session: AsyncSession,
    order: WorkOrder,
    ticket: Ticket,
    *,
    text: str,
    calendars: Calendars,
    by: Actor,
    now: datetime,
) -> None:
    """A redo of a locked work order, by its owner or because the customer says so."""
    calendar = _calendar(order, calendars)
    order.move(WorkOrderState.REDO)
    order.redo_count += 1
    targets = {ClockKind.FINISH: rules.redo_target(order.finish_target)}
    said = await timing.begin(session, ticket, order, targets, calendar=calendar, now=now)
    order.finished_at = order.ended_at = order.arrived_at = None
    write_down(session, order, EntryKind.REDO, text, by=by, now=now)
    count = order.redo_count
    await say(session, ticket, order, "redo", by=by, now=now, clocks=said, count=count)
    await tell_team(session, ticket, order, "redo", by=by, now=now)
    if order.redo_count >= rules.SUPERVISED:
        facts = {"work_order": order.id, "team": order.team_id}
        await supervision.order(session, ticket, cause="redo", now=now, facts=facts)
    await take_stock(session, ticket, by=by, now=now)


async def waive(
    session: AsyncSession, order_id: int, *, text: str, by: Actor, now: datetime
) -> WorkOrder:
    """The customer need not wait for this work; the team goes on with it, in its own time."""
    order, ticket = await lock(session, order_id)
    await _check_is_owner(session, ticket, by=by, now=now)
    text = check_text(text, missing="work_order.say_why_waived")
    if not order.blocks:
        raise Conflict(code="work_order.blocks_nothing", reference=order.reference)
    order.waived_at = now
    order.version += 1
    write_down(session, order, EntryKind.WAIVED, text, by=by, now=now)
    said = await timing.drop(session, ticket, order, now=now)
    await say(session, ticket, order, "waived", by=by, now=now, clocks=said)
    await take_stock(session, ticket, by=by, now=now)
    return order


async def withdraw(
    session: AsyncSession, order_id: int, *, text: str, by: Actor, now: datetime
) -> WorkOrder:
    """The work is no longer needed."""
    order, ticket = await lock(session, order_id)
    text = check_text(text, missing="work_order.say_why_cancelled")
    await end(session, order, ticket, text=text, by=by, now=now)
    await take_stock(session, ticket, by=by, now=now)
    return order


async def end(
    session: AsyncSession,
    order: WorkOrder,
    ticket: Ticket,
    *,
    text: str,
    by: Actor,
    now: datetime,
) -> None:
    """Cancel a locked work order."""
    order.move(WorkOrderState.CANCELLED)
    order.ended_at = now
    write_down(session, order, EntryKind.CANCELLED, text, by=by, now=now)
    said = await timing.drop(session, ticket, order, now=now)
    await say(session, ticket, order, "cancelled", by=by, now=now, clocks=said)
    if order.assignee_id is not None:
        await tell_team(session, ticket, order, "cancelled", by=by, now=now)


async def decide_extension(
    session: AsyncSession,
    order_id: int,
    *,
    granted: bool,
    lead_extends: timedelta,
    by: Actor,
    now: datetime,
    text: str = "",
    as_lead: bool = False,
) -> WorkOrder:
    """Who leads the ticket's owner says whether the team gets more time. Raises Forbidden.

    More than `lead_extends` beyond when it is due only a manager grants.
    """
    order, ticket = await lock(session, order_id)
    most = lead_extends if granted else None
    await check_may_extend(session, order, ticket, by=by, as_lead=as_lead, lead_extends=most)
    until = order.extension_until
    if order.state is not WorkOrderState.EXTENSION_REQUESTED or until is None:
        raise IllegalStep(
            code="work_order.nobody_waits", reference=order.reference, state=order.state
        )
    order.move(WorkOrderState.IN_PROGRESS)
    order.extension_granted = granted
    said = await timing.extend(session, ticket, order, until=until) if granted else []
    kind = EntryKind.EXTENSION_GRANTED if granted else EntryKind.EXTENSION_DECLINED
    write_down(session, order, kind, text.strip(), by=by, now=now)
    facts = {"until": until.isoformat(), "clocks": said}
    await say(session, ticket, order, kind.value, by=by, now=now, **facts)
    await tell_team(session, ticket, order, kind.value, by=by, now=now)
    return order


async def _check_is_owner(
    session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime
) -> None:
    acting = await ticket_queries.answering_for(session, ticket, now=now)
    check_answers_for(ticket, by=by, acting=acting)


def _calendar(order: WorkOrder, calendars: Calendars) -> Calendar:
    try:
        return calendars[order.calendar]
    except KeyError:
        raise Conflict(
            code="work_order.calendar_gone", reference=order.reference, calendar=order.calendar
        ) from None
