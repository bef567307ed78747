"""Makes, keeps, moves and gives up promises to customers. Callers own the transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents import queries as agents
from contact_center.alerts.actions import alert
from contact_center.errors import Conflict, Stale
from contact_center.events.rules import SYSTEM, Actor, agent_id
from contact_center.messages import actions as messages
from contact_center.promises import queries
from contact_center.promises.models import Promise, PromiseState
from contact_center.promises.rules import keeping as rules
from contact_center.supervision import actions as supervision
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import ACTIVE, IllegalTransition, Status, Ticket

MOST_OPEN = 20  # promises of one ticket


async def make(
    session: AsyncSession,
    ticket_id: int,
    *,
    text: str,
    due_at: datetime,
    by: Actor,
    now: datetime,
    message_id: int | None = None,
) -> Promise:
    """Somebody has told the customer what will be done by when. Raises Invalid, Conflict."""
    number = (await tickets.acting_agent(session, by)).id
    await agents.hold_active_agent(session, number)  # nobody leaves who owes something
    ticket = await ticket_queries.lock_ticket(session, ticket_id)
    if ticket.status not in ACTIVE - {Status.QUEUED}:
        raise IllegalTransition(
            code="ticket.claim_first", reference=ticket.reference, status=ticket.status
        )
    text = rules.check_promise(text, due_at=due_at, now=now)
    if ticket.open_promises >= MOST_OPEN:
        raise Conflict(code="promise.too_many", reference=ticket.reference, most=MOST_OPEN)
    promise = Promise(
        ticket_id=ticket.id,
        text=text,
        due_at=due_at,
        promised_by_id=number,
        message_id=message_id,
        state=PromiseState.OPEN,
        made_at=now,
    )
    session.add(promise)
    await session.flush()  # its id goes into the log
    await _say(session, ticket, promise, "made", by=by, now=now, due_at=due_at.isoformat())
    await _take_stock(session, ticket)
    return promise


async def keep(
    session: AsyncSession, promise_id: int, *, by: Actor, now: datetime, as_lead: bool = False
) -> Promise:
    """It is done as promised. What is late is broken, whatever is said later."""
    promise, ticket = await _lock(session, promise_id, by=by, as_lead=as_lead, now=now)
    rules.check_in_time(promise, now=now)
    await _end(session, ticket, promise, PromiseState.KEPT, by=by, now=now)
    return promise


async def renegotiate(
    session: AsyncSession,
    promise_id: int,
    *,
    due_at: datetime,
    message: str,
    by: Actor,
    now: datetime,
    text: str = "",
    as_lead: bool = False,
) -> Promise:
    """Another time, as long as the first has not passed, and the customer is told so at once.

    `message` goes to the customer; the new promise says `text`, or what the old one said.
    """
    promise, ticket = await _lock(session, promise_id, by=by, as_lead=as_lead, now=now)
    rules.check_in_time(promise, now=now)
    text = rules.check_promise(text or promise.text, due_at=due_at, now=now)
    sent = await messages.reply(session, ticket.id, text=message, by=by, now=now)
    await _end(
        session, ticket, promise, PromiseState.RENEGOTIATED, by=by, now=now, to=due_at.isoformat()
    )
    made = await make(
        session, ticket.id, text=text, due_at=due_at, by=by, now=now, message_id=sent.id
    )
    made.follows_id = promise.id
    return made


async def cancel(
    session: AsyncSession,
    promise_id: int,
    *,
    reason: str,
    by: Actor,
    now: datetime,
    as_lead: bool = False,
) -> Promise:
    """The customer no longer waits for it."""
    promise, ticket = await _lock(session, promise_id, by=by, as_lead=as_lead, now=now)
    reason = rules.check_reason(reason)
    rules.check_in_time(promise, now=now)
    await _end(session, ticket, promise, PromiseState.CANCELLED, by=by, now=now, reason=reason)
    return promise


async def note_broken(session: AsyncSession, promise_id: int, *, now: datetime) -> None:
    """Its time has passed; the second time a ticket's customer waits in vain is supervised."""
    promise, ticket = await _hold(session, promise_id)
    if promise.state is not PromiseState.OPEN or promise.due_at >= now:
        return
    due_at = promise.due_at
    await _end(session, ticket, promise, PromiseState.BROKEN, by=SYSTEM, now=now)
    promise.ended_at = due_at
    await alert(
        session,
        to=await agents.who_hears(
            session,
            (promise.promised_by_id, ticket.owner_id),
            about=ticket.about_agent_id,
            now=now,
        ),
        kind="promise.broken",
        facts={"due_at": due_at.isoformat(), "agent": promise.promised_by_id},
        ticket_id=ticket.id,
        key=f"promise.broken:{promise.id}",
        now=now,
    )
    if await queries.count_broken(session, ticket.id) >= rules.SUPERVISED:
        facts = {"promise": promise.id}
        await supervision.order(session, ticket, cause="promises", now=now, facts=facts)


async def cancel_all(
    session: AsyncSession, ticket: Ticket, *, by: Actor, now: datetime, reason: str
) -> None:
    """The locked ticket is cancelled: its customer waits for nothing any more."""
    for promise in await queries.open_promises_of(session, ticket.id):
        if promise.due_at < now:
            await note_broken(session, promise.id, now=now)
        else:
            state = PromiseState.CANCELLED
            await _end(session, ticket, promise, state, by=by, now=now, reason=reason)


async def move_all(
    session: AsyncSession, old: Ticket, new: Ticket, *, by: Actor, now: datetime
) -> None:
    """Both tickets are locked; the one that stays keeps what was promised on either."""
    moved = await queries.move_promises(session, old=old.id, new=new.id)
    old.open_promises, old.promised_at = 0, None
    for promise_id in moved:
        promise = await queries.get_promise(session, promise_id)
        await _say(session, new, promise, "moved", by=by, now=now, other=old.id)
    await _take_stock(session, new)


async def _lock(
    session: AsyncSession, promise_id: int, *, by: Actor, as_lead: bool, now: datetime
) -> tuple[Promise, Ticket]:
    """Raises Forbidden for who neither gave it nor works on the ticket, and Conflict."""
    promise, ticket = await _hold(session, promise_id)
    standing_in = await agents.stood_in_for(
        session, agent_id(by) or 0, now=now, about=ticket.about_agent_id
    )
    rules.check_may_end(promise, ticket, by=by, as_lead=as_lead, standing_in=standing_in)
    if promise.state is not PromiseState.OPEN:
        raise Conflict(code="promise.over", state=promise.state)
    return promise, ticket


async def _hold(session: AsyncSession, promise_id: int) -> tuple[Promise, Ticket]:
    promise = await queries.get_promise(session, promise_id)
    ticket = await ticket_queries.lock_ticket(session, promise.ticket_id)
    promise = await queries.get_promise(session, promise_id)
    if promise.ticket_id != ticket.id:
        raise Stale(code="promise.moved")
    return promise, ticket


async def _end(
    session: AsyncSession,
    ticket: Ticket,
    promise: Promise,
    state: PromiseState,
    *,
    by: Actor,
    now: datetime,
    **facts: Any,
) -> None:
    promise.state, promise.ended_at = state, now
    await _say(session, ticket, promise, state.value, by=by, now=now, **facts)
    await _take_stock(session, ticket)


async def _take_stock(session: AsyncSession, ticket: Ticket) -> None:
    """How many promises of a locked ticket are open, and when the next falls due."""
    still_open = await queries.open_promises_of(session, ticket.id)
    ticket.open_promises = len(still_open)
    ticket.promised_at = still_open[0].due_at if still_open else None


async def _say(
    session: AsyncSession,
    ticket: Ticket,
    promise: Promise,
    kind: str,
    *,
    by: Actor,
    now: datetime,
    **facts: Any,
) -> None:
    tickets.touch(ticket, now=now)
    facts = {"promise": promise.id, **facts}
    await tickets.say(session, ticket, f"promise.{kind}", by=by, now=now, **facts)
