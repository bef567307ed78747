"""What agents do with a ticket in a story."""

from contextlib import suppress
from datetime import datetime, timedelta

from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.closure import actions as closure
from contact_center.complaints.actions import answers, deciding, filing, handling
from contact_center.complaints.actions.turns import Turn
from contact_center.complaints.models import Outcome, Stage
from contact_center.complaints.rules.stages import StepRefused
from contact_center.demo.cases import Case, Props
from contact_center.demo.departments import ask_team, finish_work
from contact_center.demo.people import COMPLAINTS
from contact_center.demo.plots import Beat
from contact_center.events.rules import Actor, agent
from contact_center.handovers.actions import requests as handovers
from contact_center.handovers.models import HandoverKind
from contact_center.links import actions as links
from contact_center.messages import actions as messages
from contact_center.settings import HandoverSettings
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import WAITING, Priority, Status, TicketKind, TransferReason
from contact_center.work_orders.queries import last_finished_at

_PRIORITIES = {TicketKind.PRAISE: "low", TicketKind.SUGGESTION: "low"}


async def claim(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    ticket = await ticket_queries.get_ticket(show.session, case.ticket_id)
    if ticket.status is Status.QUEUED:  # else it goes on where they last wrote about it
        await tickets.claim(show.session, case.ticket_id, by=case.by, now=now)


async def sort(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    """Mail does not say what it is, and nobody's message says how urgent."""
    story = case.telling.story
    priority = Priority(story.priority or _PRIORITIES.get(story.kind, "high"))
    changes: dict[str, object] = {
        "category": story.category,
        "priority": priority,
        "kind": story.kind,
    }
    if story.is_complaint:
        changes["team_id"] = show.staff.teams[COMPLAINTS].id
    turn = show.turn(case.by, now)
    ticket = await filing.edit(
        show.session, case.ticket_id, version=None, changes=changes, turn=turn
    )
    if story.is_complaint and ticket.stage in (None, Stage.RECEIVED):
        await _take_up(show, case, turn)


async def _take_up(show: Props, case: Case, turn: Turn) -> None:
    """The customer knows who answers for the complaint; how bad it is has been weighed."""
    ticket_id, content = case.ticket_id, case.telling.content
    next_at = turn.now + timedelta(days=2)
    await handling.acknowledge(
        show.session, ticket_id, next_step=content.next_step, next_at=next_at, turn=turn
    )
    scores = {"severity": 1, "safety": 0, "complexity": 1, "impact": 1, "urgency": 2}
    await handling.assess(show.session, ticket_id, scores=scores, turn=turn)


async def reply(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    await _resume(show, case, now=now)
    by = await _speaker(show, case)
    await messages.reply(show.session, case.ticket_id, text=beat.text, by=by, now=now)


async def _speaker(show: Props, case: Case) -> Actor:
    """What departments' work came to the customer hears from the owner."""
    ticket = await ticket_queries.get_ticket(show.session, case.ticket_id)
    worked = await last_finished_at(show.session, ticket.id) is not None
    return agent(ticket.owner_id) if worked and ticket.owner_id else case.by


async def note(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    await messages.add_note(show.session, case.ticket_id, text=beat.text, by=case.by, now=now)


async def transfer(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    """The colleague does the next steps; the owner stays who he is."""
    if case.colleague is None or case.colleague is case.agent:
        return
    reason = show.random.choice((TransferReason.SKILL, TransferReason.SHIFT_END))
    handover = await handovers.request(
        show.session,
        case.ticket_id,
        kind=HandoverKind.TRANSFER,
        to=case.colleague.id,
        reason=reason,
        terms=handovers.Terms(calendar=ROUND_THE_CLOCK, settings=HandoverSettings()),
        by=case.by,
        now=now,
    )
    receiver = agent(case.colleague.id)
    await handovers.accept(show.session, handover.id, by=receiver, now=now)
    case.agent = case.colleague


async def wait(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    ticket = await ticket_queries.lock_ticket(show.session, case.ticket_id)
    if ticket.status is not Status.OPEN or beat.status is None:
        return
    if beat.status is Status.WAITING_DEPARTMENT:
        await ask_team(show, case, ticket, now=now)
        return
    dated = beat.status in (Status.ON_HOLD, Status.WAITING_THIRD_PARTY)
    whom = case.telling.content.partners
    await tickets.wait(
        show.session,
        case.ticket_id,
        status=beat.status,
        reason="" if beat.status is Status.WAITING_CUSTOMER else show.random.choice(whom),
        review_at=now + timedelta(days=show.random.choice((2, 3, 5))) if dated else None,
        by=case.by,
        now=now,
    )


async def resolve(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    await _resume(show, case, now=now)
    # A reopened ticket's clock went on from where it stood.
    await tickets.note_breaches(show.session, case.ticket_id, now=now)
    ticket = await ticket_queries.get_ticket(show.session, case.ticket_id)
    if ticket.stage == Stage.ASSESSED:
        await _respond(show, case, now)
    else:
        code = case.telling.story.code
        await closure.resolve(show.session, ticket.id, code=code, by=case.by, now=now)
    if ticket.signed_off_at is None and ticket.owner_id is not None:
        by = agent(ticket.owner_id)
        await closure.sign_off(show.session, ticket.id, by=by, now=now)


async def _respond(show: Props, case: Case, now: datetime) -> None:
    """The complaint is upheld; its customer is told so in one letter."""
    ticket_id, content = case.ticket_id, case.telling.content
    turn = show.turn(await _speaker(show, case), now)
    await deciding.decide(
        show.session, ticket_id, outcome=Outcome.UPHELD, reasons=content.reasons, turn=turn
    )
    await deciding.respond(
        show.session,
        ticket_id,
        text=case.telling.fill(content.decision),
        contents=list(turn.procedure.contents),
        turn=turn,
    )


async def cancel(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    await filing.cancel(show.session, case.ticket_id, reason=beat.text, by=case.by, now=now)


async def close(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    turn = show.turn(agent(show.staff.agents["lead"].id), now)
    with suppress(StepRefused):  # the customer has answered after all
        await answers.close(show.session, case.ticket_id, turn=turn)


async def merge(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    assert case.into is not None
    into = case.into.ticket_id
    await links.merge(show.session, case.ticket_id, into=into, by=case.by, now=now)


async def split(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    """What is split off is answered at once."""
    part = await links.split(
        show.session,
        case.ticket_id,
        message_ids=case.message_ids[-1:],
        subject=case.telling.subject,
        by=case.by,
        now=now,
    )
    await tickets.note_breaches(show.session, part.id, now=now)
    await messages.reply(show.session, part.id, text=beat.text, by=case.by, now=now)


async def _resume(show: Props, case: Case, *, now: datetime) -> None:
    ticket = await ticket_queries.lock_ticket(show.session, case.ticket_id)
    await finish_work(show, case, ticket, now=now)
    if ticket.status in WAITING:
        await tickets.resume(show.session, case.ticket_id, by=case.by, now=now)
