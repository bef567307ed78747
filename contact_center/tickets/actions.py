"""What can be done with a ticket. Callers own the transaction.

Every action locks the ticket, checks, changes, and says so in the log. `by` is who does it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.agents.models import Agent
from contact_center.alerts.actions import alert
from contact_center.db import hint
from contact_center.errors import Conflict, Forbidden, Invalid, Stale
from contact_center.events.actions import record, record_all
from contact_center.events.rules import SYSTEM, Actor, agent_id
from contact_center.sla.actions import promising, together
from contact_center.sla.actions.rows import Changes
from contact_center.sla.models import OF_WORK_ORDERS
from contact_center.sla.queries import all_clocks
from contact_center.tickets import queries, rules
from contact_center.tickets.models import (
    ACTIVE,
    WAITING,
    AlreadyClaimed,
    IllegalTransition,
    ResolutionCode,
    Status,
    Ticket,
    TicketKind,
    TransferReason,
    reference,
)
from contact_center.tickets.rules import check_nothing_is_open

_PROMISED_BY = {"kind", "priority", "category", "team_id"}  # what policies depend on


# Who works on it


async def claim(session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """Take a queued ticket. Exactly one of many wins; AlreadyClaimed names the winner."""
    agent = await agents.hold_present_agent(session, _number(by), now=now)
    about = await queries.about_agent(session, ticket_id)
    await _refuse_recused(session, ticket_id, about=about, number=agent.id)
    ticket = await queries.claim_ticket(session, ticket_id, agent_id=agent.id, now=now)
    if ticket is None:
        await _explain_lost_claim(session, ticket_id, agent=agent)
        return await queries.lock_ticket(session, ticket_id)
    await say(session, ticket, "ticket.claimed", by=by, now=now, owner=ticket.owner_id)
    return ticket


async def release(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime, as_lead: bool = False
) -> Ticket:
    """Put it back into the queue; after the first answer only a lead may."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.first_response_at is not None and not as_lead:
        raise Forbidden(
            f"{ticket.reference} has been answered: transfer it, or ask a lead to release it"
        )
    if ticket.status is not Status.OPEN:
        raise IllegalTransition(f"{ticket.reference} is {ticket.status}: it cannot be released")
    _move(ticket, Status.QUEUED, now=now)
    ticket.assignee_id = None
    await say(session, ticket, "ticket.released", by=by, now=now)
    return ticket


async def assign(
    session: AsyncSession, ticket_id: int, *, to: int, by: Actor, now: datetime, reason: str = ""
) -> Ticket:
    """A lead decides who works on it; nobody loses accountability by it.

    Whoever works on it loses it only for a reason, and is told it.
    """
    ticket = await queries.lock_ticket(session, ticket_id)
    agent = await hold_receiver(session, ticket, to, now=now)
    before = ticket.assignee_id
    if ticket.status is Status.QUEUED:
        _move(ticket, Status.OPEN, now=now)
    elif ticket.status not in ACTIVE:
        raise IllegalTransition(f"{ticket.reference} is {ticket.status}: it cannot be assigned")
    if before not in (None, agent.id) and not reason.strip():
        raise Invalid(f"{ticket.reference} is with somebody: say why it is given to another")
    ticket.assignee_id = agent.id
    ticket.owner_id = ticket.owner_id or agent.id
    touch(ticket, now=now)
    facts = {"assignee": agent.id, "before": before, "reason": reason.strip() or None}
    await say(session, ticket, "ticket.assigned", by=by, now=now, **facts)
    told = {number for number in (before, agent.id) if number is not None}
    await tell(session, ticket, "ticket.assigned", to=told, by=by, now=now, facts=facts)
    return ticket


async def transfer(
    session: AsyncSession,
    ticket_id: int,
    *,
    reason: TransferReason,
    by: Actor,
    now: datetime,
    to_agent: int | None = None,
    to_team: int | None = None,
) -> Ticket:
    """Hand the next step to a colleague, or to a team's queue. The owner stays accountable."""
    if (to_agent is None) == (to_team is None):
        raise Invalid("transfer a ticket to one agent or to one team")
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status not in ACTIVE - {Status.QUEUED}:
        raise IllegalTransition(f"{ticket.reference} is {ticket.status}: claim or reopen it first")
    if to_agent is not None:
        if to_agent == ticket.assignee_id:
            raise Invalid(f"{ticket.reference} is with that agent already")
        ticket.assignee_id = (await hold_receiver(session, ticket, to_agent, now=now)).id
        changes: Changes = []
        touch(ticket, now=now)
    else:
        ticket.team_id = (await agents.get_team(session, to_team or 0)).id
        changes = await put_into_queue(session, ticket, now=now)
    facts = {"reason": reason.value, "assignee": to_agent, "team": to_team}
    await say(session, ticket, "ticket.transferred", by=by, now=now, clocks=changes, **facts)
    return ticket


async def note_answer(
    session: AsyncSession, ticket: Ticket, *, message_id: int, now: datetime
) -> Changes:
    """A human has answered: a locked ticket's customer waits no longer. Returns what to log."""
    ticket.waiting_since = None
    ticket.first_response_at = ticket.first_response_at or now
    ticket.asked_at = now
    await _note_breaches(session, ticket, now=now)
    # What a complaint is promised besides an answer is up to its own procedure.
    is_news = ticket.kind is not TicketKind.COMPLAINT and ticket.status in ACTIVE
    said = await together.answer(session, ticket, message_id=message_id, is_news=is_news, now=now)
    if is_news:
        said += await promising.report_again(session, ticket, message_id=message_id, now=now)
    return said


async def need_no_reply(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime
) -> Ticket:
    """What the customer said last asks for nothing: nobody waits, and no promise is counted.

    The first answer is never excused. Raises Conflict.
    """
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status not in ACTIVE:
        raise IllegalTransition(f"{ticket.reference} is {ticket.status}: nobody waits for a reply")
    if ticket.first_response_at is None:
        raise Conflict(f"{ticket.reference} has no answer yet: whoever asks first gets one")
    if ticket.waiting_since is None:
        raise Conflict(f"{ticket.reference} is answered: nobody waits for a reply")
    await _note_breaches(session, ticket, now=now)
    changes = await together.excuse(session, ticket, now=now)
    ticket.waiting_since = None
    clocks = await all_clocks(session, ticket.id)
    broken = [c.breached_at for c in clocks if c.breached_at and c.kind not in OF_WORK_ORDERS]
    ticket.breached_at = min(broken, default=None)
    touch(ticket, now=now)
    await say(session, ticket, "ticket.needs_no_reply", by=by, now=now, clocks=changes)
    return ticket


# Where it stands


async def wait(
    session: AsyncSession,
    ticket_id: int,
    *,
    status: Status,
    by: Actor,
    now: datetime,
    reason: str = "",
    review_at: datetime | None = None,
) -> Ticket:
    """Wait for the customer, a third party, until an agreed date, or for work asked of a team."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if status not in WAITING:
        raise Invalid(f"a ticket cannot wait in status {status}")
    if status is Status.WAITING_CUSTOMER and ticket.waiting_since is not None:
        raise Conflict(f"{ticket.reference} waits for us: answer the customer first")
    if status is Status.WAITING_CUSTOMER and ticket.asked_at is None:
        raise Conflict(f"{ticket.reference} asks the customer nothing: write what we wait for")
    if status is Status.WAITING_DEPARTMENT and not ticket.open_work_orders:
        raise Conflict(
            f"no department has been asked for anything on {ticket.reference}: issue a work order, "
            "and it waits until that is done"
        )
    has_date = status in (Status.ON_HOLD, Status.WAITING_THIRD_PARTY)
    if has_date and (review_at is None or review_at <= now):
        raise Invalid("say until when: a time in the future")
    _move(ticket, status, now=now)
    ticket.review_at = review_at if has_date else None
    await _note_breaches(session, ticket, now=now)
    changes = await together.pause(session, ticket, status=status.value, now=now)
    if status is Status.WAITING_CUSTOMER:
        ticket.asked_at, ticket.silent_since = None, now
        ticket.remind_at, ticket.reminders = None, 0
    facts = {"status": status, "reason": reason}
    await say(session, ticket, "ticket.waiting", by=by, now=now, clocks=changes, **facts)
    return ticket


async def resume(session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """The waiting is over."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status not in WAITING:
        raise IllegalTransition(f"{ticket.reference} is {ticket.status}: it does not wait")
    _move(ticket, Status.OPEN, now=now)
    ticket.review_at = None
    changes = await together.resume(session, ticket, now=now)
    await say(session, ticket, "ticket.resumed", by=by, now=now, clocks=changes)
    return ticket


async def resolve(
    session: AsyncSession,
    ticket_id: int,
    *,
    code: ResolutionCode,
    by: Actor,
    now: datetime,
) -> Ticket:
    """Done, as far as we see; the customer will be asked. Needs an answer the customer got."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.first_response_at is None:
        raise Conflict(f"{ticket.reference} has no answer yet: tell the customer what was done")
    check_nothing_is_open(ticket)
    _move(ticket, Status.RESOLVED, now=now)
    ticket.resolution_code = code
    ticket.resolved_at = now
    ticket.waiting_since = None
    await _note_breaches(session, ticket, now=now)
    changes = await together.finish(session, ticket, now=now)
    await say(session, ticket, "ticket.resolved", by=by, now=now, clocks=changes, code=code)
    return ticket


async def reopen(
    session: AsyncSession,
    ticket_id: int,
    *,
    by: Actor,
    now: datetime,
    reason: str,
    message_id: int | None = None,
) -> Ticket:
    """Not solved after all: back to the same owner. `message_id`: the customer wrote it."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status is not Status.RESOLVED:
        raise IllegalTransition(f"{ticket.reference} is {ticket.status}: it cannot be reopened")
    _move(ticket, Status.OPEN, now=now)
    ticket.reopen_count += 1
    ticket.resolved_at = ticket.resolution_code = None
    ticket.signed_off_at = ticket.confirmed_at = ticket.settled = None
    ticket.assignee_id = ticket.owner_id or ticket.assignee_id
    changes = await together.go_on(session, ticket, now=now)
    if message_id is not None:
        changes += await _expect_answer(session, ticket, message_id=message_id, now=now)
    facts = {"reason": reason, "owner": ticket.owner_id}
    await say(session, ticket, "ticket.reopened", by=by, now=now, clocks=changes, **facts)
    return ticket


async def expect_answer(
    session: AsyncSession, ticket: Ticket, *, message_id: int, by: Actor, now: datetime
) -> None:
    """The customer of a locked ticket has written, and waits for us."""
    changes = await _expect_answer(session, ticket, message_id=message_id, now=now)
    for change in changes:
        facts = {"clock": change["clock"], "ref": change["ref"], "clocks": [change]}
        await say(session, ticket, "clock.started", by=by, now=now, **facts)


async def _expect_answer(
    session: AsyncSession, ticket: Ticket, *, message_id: int, now: datetime
) -> Changes:
    ticket.waiting_since = ticket.waiting_since or now
    return await promising.expect_answer(session, ticket, message_id=message_id, start=now)


async def close(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime, reason: str
) -> Ticket:
    """The customer is satisfied, or said nothing in time: the owner's accountability ends."""
    ticket = await queries.lock_ticket(session, ticket_id)
    _move(ticket, Status.CLOSED, now=now)
    ticket.closed_at = now
    await _note_breaches(session, ticket, now=now)
    changes = await together.conclude(session, ticket, now=now)
    await say(session, ticket, "ticket.closed", by=by, now=now, clocks=changes, reason=reason)
    return ticket


async def cancel(
    session: AsyncSession, ticket_id: int, *, by: Actor, now: datetime, reason: str
) -> Ticket:
    """Spam, a test, withdrawn: no promise holds any longer."""
    if not reason.strip():
        raise Invalid("say why the ticket is cancelled")
    ticket = await queries.lock_ticket(session, ticket_id)
    changes = await end(session, ticket, now=now)
    await say(session, ticket, "ticket.cancelled", by=by, now=now, clocks=changes, reason=reason)
    return ticket


# What it is


async def edit(
    session: AsyncSession,
    ticket_id: int,
    *,
    version: int | None,
    changes: Mapping[str, Any],
    by: Actor,
    now: datetime,
    reclassify: bool = False,
) -> Ticket:
    """Change kind, priority, subject, category, tags or team. Raises Stale for an old version.

    Whether it is a complaint is decided by `complaints`, which says `reclassify`.
    """
    ticket = await queries.lock_ticket(session, ticket_id)
    if version is not None and version != ticket.version:
        raise Stale(f"{ticket.reference} has changed since version {version}: load it again")
    unknown = changes.keys() - {"kind", "priority", "subject", "category", "tags", "team_id"}
    if unknown:
        raise Invalid(f"these cannot be edited: {', '.join(sorted(unknown))}")
    if changes.get("team_id") is not None:
        await agents.get_team(session, changes["team_id"])
    before = {name: getattr(ticket, name) for name in changes}
    changed = {name: value for name, value in changes.items() if value != before[name]}
    if not changed:
        return ticket
    is_reclassified = TicketKind.COMPLAINT in (changed.get("kind"), before.get("kind"))
    if "kind" in changed and is_reclassified and not reclassify:
        raise Conflict(f"{ticket.reference}: reclassify it to say whether it is a complaint")
    for name, value in changed.items():
        setattr(ticket, name, value)
    again: Changes = []
    if changed.keys() & _PROMISED_BY and ticket.status in ACTIVE:
        await _note_breaches(session, ticket, now=now)
        again = await promising.promise_anew(session, ticket, now=now)
    touch(ticket, now=now)
    # A subject is the customer's text, so the log only says that it changed.
    diff = {n: [before[n], v] for n, v in changed.items() if n != "subject"}
    broken = together.broken(again)
    facts = {"changed": sorted(changed), "diff": diff}
    kept = [change for change in again if change not in broken]
    await say(session, ticket, "ticket.edited", by=by, now=now, clocks=kept, **facts)
    await _tell_broken(session, ticket, broken, now=now)
    return ticket


# What time does to it


async def note_breaches(session: AsyncSession, ticket_id: int, *, now: datetime) -> None:
    """Mark the promises of a ticket that broke, dated to when they did.

    What runs by a calendar that has been edited falls due by the hours of now.
    """
    await _note_breaches(session, await queries.lock_ticket(session, ticket_id), now=now)


async def note_breaches_of(
    session: AsyncSession, late: Sequence[tuple[datetime, int, int]], *, now: datetime
) -> int:
    """The same for what `queries.overdue` has found, but for tickets that somebody holds."""
    tickets = await queries.lock_free_tickets(session, {ticket_id for _, _, ticket_id in late})
    broken = await together.break_all(
        session,
        [clock_id for _, clock_id, _ in late],
        ticket_ids={ticket.id for ticket in tickets},
        now=now,
    )
    rows = []
    for ticket in tickets:
        for change in broken.get(ticket.id, ()):
            _count(ticket, change)
            ticket.event_count += 1
            rows.append(_breach(ticket, change, now=now))
        hint(session, f"ticket:{ticket.id}")
        hint(session, f"conversation:{ticket.conversation_id}")
    await session.flush()
    await record_all(session, rows)
    return len(broken)


def _count(ticket: Ticket, broken: Mapping[str, Any]) -> None:
    if together.breaks_our_word(broken):
        at = datetime.fromisoformat(broken["breached_at"])
        ticket.breached_at = min(ticket.breached_at or at, at)


def _breach(ticket: Ticket, change: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    facts = {"clock": change["clock"], "due_at": change["breached_at"], "clocks": [change]}
    return {
        "ticket_id": ticket.id,
        "seq": ticket.event_count,
        "kind": "clock.breached",
        "actor": SYSTEM,
        "data": facts,
        "at": now,
    }


async def _note_breaches(session: AsyncSession, ticket: Ticket, *, now: datetime) -> None:
    changes = await together.note_breaches(session, ticket, now=now)
    broken = together.broken(changes)
    if moved := [change for change in changes if change not in broken]:
        kind = "clock.due_recomputed"
        await say(session, ticket, kind, by=SYSTEM, now=now, clocks=moved)
    await _tell_broken(session, ticket, broken, now=now)


async def _tell_broken(
    session: AsyncSession, ticket: Ticket, changes: Changes, *, now: datetime
) -> None:
    for broken in changes:
        _count(ticket, broken)
        facts = {"clock": broken["clock"], "due_at": broken["breached_at"], "clocks": [broken]}
        await say(session, ticket, "clock.breached", by=SYSTEM, now=now, **facts)


async def review(session: AsyncSession, ticket_id: int, *, now: datetime) -> None:
    """The agreed date has come: somebody has to look at it."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status in WAITING and ticket.review_at is not None and ticket.review_at <= now:
        await resume(session, ticket.id, by=SYSTEM, now=now)


async def abandon(
    session: AsyncSession, ticket_id: int, *, idle_since: datetime, now: datetime
) -> None:
    """A talk with the bot that nobody has taken up again."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.status is Status.BOT and ticket.updated_at <= idle_since:
        await cancel(session, ticket.id, by=SYSTEM, now=now, reason="idle")


# Who may


async def check_may_act(
    session: AsyncSession, ticket: Ticket, *, by: Actor, override: bool, now: datetime
) -> None:
    """Raises Forbidden, unless the actor has it, or stands in for who has it."""
    number, standing_in = agent_id(by), list[int]()
    if number is not None and not override and not rules.is_theirs(ticket, {number}):
        standing_in = await agents.stood_in_for(session, number, now=now)
    rules.check_may_act(ticket, by=by, override=override, standing_in=standing_in)


async def hold_receiver(
    session: AsyncSession, ticket: Ticket, number: int, *, now: datetime
) -> Agent:
    """Somebody who may get the ticket. Raises NotFound, Conflict, Absent, Forbidden."""
    agent = await agents.hold_present_agent(session, number, now=now)
    await check_not_recused(session, ticket, number)
    return agent


async def check_not_recused(session: AsyncSession, ticket: Ticket, number: int) -> None:
    """Nobody handles a complaint about themselves, or about who leads them. Raises Forbidden."""
    await _refuse_recused(session, ticket.id, about=ticket.about_agent_id, number=number)


async def _refuse_recused(
    session: AsyncSession, ticket_id: int, *, about: int | None, number: int
) -> None:
    if about is not None and await agents.is_recused(session, number, about=about):
        raise Forbidden(
            f"{reference(ticket_id)} is a complaint about that agent, or about who leads them: "
            "somebody else handles it"
        )


async def change_owner(
    session: AsyncSession,
    ticket: Ticket,
    new: int | None,
    *,
    cause: str,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Accountability for a locked ticket moves; who claims a ticket gets it in other ways.

    `cause` is "override", "handover", "recusal", or "first_touch" of a ticket merged into it.
    """
    old, ticket.owner_id = ticket.owner_id, new
    ticket.signed_off_at = None  # whoever answers for it now has not said that it is done
    touch(ticket, now=now)
    facts = {"old": old, "new": new, "cause": cause, "reason": reason}
    await say(session, ticket, "owner.changed", by=by, now=now, **facts)


# Shared by all of the above


def _move(ticket: Ticket, status: Status, *, now: datetime, through_open: bool = False) -> None:
    """Change the status, or raise IllegalTransition; `through_open` ends a waiting on the way."""
    if through_open and ticket.status in WAITING:
        ticket.status = Status.OPEN
    ticket.check_move(status)
    ticket.status = status
    touch(ticket, now=now)


async def put_into_queue(session: AsyncSession, ticket: Ticket, *, now: datetime) -> Changes:
    """Nobody works on a locked ticket any more; its owner stays."""
    _move(ticket, Status.QUEUED, now=now, through_open=True)
    ticket.assignee_id = ticket.review_at = None
    return await together.resume(session, ticket, now=now)


def touch(ticket: Ticket, *, now: datetime) -> None:
    ticket.version += 1
    ticket.updated_at = now


async def end(session: AsyncSession, ticket: Ticket, *, now: datetime) -> Changes:
    """Cancel a locked ticket and all it promised. Returns what to log."""
    _move(ticket, Status.CANCELLED, now=now)
    ticket.closed_at = now
    ticket.waiting_since = None
    return await together.cancel_all(session, ticket, now=now)


async def acting_agent(session: AsyncSession, by: Actor) -> Agent:
    return await agents.get_active_agent(session, _number(by))


def _number(by: Actor) -> int:
    number = agent_id(by)
    if number is None:
        raise Forbidden("only a service agent can do this")
    return number


async def _explain_lost_claim(session: AsyncSession, ticket_id: int, *, agent: Agent) -> None:
    """Raise why the claim was not possible; return when the agent has the ticket already."""
    ticket = await queries.lock_ticket(session, ticket_id)
    if ticket.assignee_id is None or ticket.status not in ACTIVE:
        raise IllegalTransition(f"{ticket.reference} is {ticket.status}: it cannot be claimed")
    if ticket.assignee_id == agent.id:
        return
    winner = await agents.get_agent(session, ticket.assignee_id)
    raise AlreadyClaimed(
        f"{ticket.reference} is with {winner.name}", assignee={"id": winner.id, "name": winner.name}
    )


async def say(
    session: AsyncSession, ticket: Ticket, kind: str, *, by: Actor, now: datetime, **data: Any
) -> None:
    """Log what happened to a locked ticket, and wake who looks at it.

    `clocks` are the changes of its clocks; where there are none, nothing is said of them.
    Nothing happens to a complaint by the hand of whom it is about. Raises Forbidden.
    """
    if ticket.about_agent_id is not None and (number := agent_id(by)) is not None:
        await check_not_recused(session, ticket, number)
    if not data.get("clocks"):
        data.pop("clocks", None)
    await record(session, kind, actor=by, now=now, ticket=ticket, data=data)
    hint(session, f"conversation:{ticket.conversation_id}")


async def tell(
    session: AsyncSession,
    ticket: Ticket,
    kind: str,
    *,
    to: Collection[int],
    by: Actor,
    now: datetime,
    facts: Mapping[str, Any],
) -> None:
    """Alert agents, or who stands in, to what has just happened to a ticket; not who did it."""
    doer = agent_id(by)
    told = await agents.who_hears(session, to, about=ticket.about_agent_id, now=now)
    await alert(
        session,
        to=told - {doer},
        kind=kind,
        facts={**facts, "by": doer},
        ticket_id=ticket.id,
        key=f"{kind}:{ticket.id}:{ticket.event_count}",
        now=now,
    )
