"""Jobs that look for work that has come due. Every node may run them at the same moment."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from contact_center.accounts import actions as accounts
from contact_center.agents import queries as agent_queries
from contact_center.alerts import actions as alerts
from contact_center.alerts import queries as alert_queries
from contact_center.callbacks import actions as callbacks
from contact_center.callbacks import queries as callback_queries
from contact_center.complaints.actions import watching
from contact_center.escalations import queries as escalation_queries
from contact_center.escalations.actions import firing as escalations
from contact_center.handovers import queries as handover_queries
from contact_center.handovers.actions import requests as handovers
from contact_center.jobs import actions as slots
from contact_center.messages import actions as messages
from contact_center.messages import queries as message_queries
from contact_center.promises import actions as promises
from contact_center.promises import queries as promise_queries
from contact_center.reminders import actions as reminders
from contact_center.reminders import queries as reminder_queries
from contact_center.routing import queries as routing_queries
from contact_center.routing.actions import offers
from contact_center.runtime import Runtime
from contact_center.sla import queries as clock_queries
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.work_orders import queries as work_order_queries
from contact_center.work_orders.actions import following
from scheduler.batches import BATCH, TOGETHER, Do, work_off, work_off_together

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PUT_OFF = timedelta(hours=1)  # what cannot be done now
IDLE_AFTER = timedelta(hours=24)
REPLANNING = timedelta(hours=1)  # what one node gets to catch up with an edit
SHORTLY = timedelta(minutes=1)


async def note_breaches(runtime: Runtime) -> int:
    """Mark the promises that broke, however many, the oldest first."""
    now = runtime.now()
    return await work_off_together(
        runtime,
        "note breaches",
        due=partial(ticket_queries.overdue, now=now),
        do=partial(tickets.note_breaches_of, now=now),
    )


async def note_broken_promises(runtime: Runtime) -> int:
    """Mark what customers were promised and did not get in time."""
    now = runtime.now()
    return await work_off(
        runtime,
        "note broken promises",
        due=partial(promise_queries.lock_overdue, now=now),
        do=partial(promises.note_broken, now=now),
    )


async def tell_of_unanswered(runtime: Runtime) -> int:
    """Owners and leads hear of complaints whose time to answer is over."""
    rounds, after = 0, 0
    while True:
        async with runtime.db.begin() as session:
            last = await watching.tell_of_unanswered(session, now=runtime.now(), after=after)
        rounds += 1
        if last is None:
            return rounds
        after = last


async def climb_ladder(runtime: Runtime) -> int:
    """Tell what runs out, and what is late; what broke is marked as broken."""
    now = runtime.now()

    async def fire(session: "AsyncSession", due: Sequence[escalation_queries.Due]) -> int:
        clocks = [one.id for one in due]
        return await escalations.fire(session, clocks, ladder=runtime.ladder, now=now)

    return await work_off_together(
        runtime,
        "climb the ladder",
        due=partial(escalation_queries.due_clocks, now=now),
        do=fire,
        put_off=partial(escalation_queries.put_off, until=now + SHORTLY),
    )


async def reckon_anew(runtime: Runtime) -> int:
    """Once for every edit of a calendar: what runs by it falls due by the hours of now."""
    now, done, owner = runtime.now(), 0, secrets.token_hex(8)
    async with runtime.db.read() as session:
        edited = await clock_queries.edited_calendars(session)
    for version in edited:
        run = {"job": f"reckon {version.name}"[:64], "slot": version.effective_from.isoformat()}
        async with runtime.db.begin() as session:
            lease = REPLANNING.total_seconds()
            mine = await slots.claim_slot(session, **run, owner=owner, now=now, lease_seconds=lease)
        if mine:
            outdated = partial(clock_queries.outdated_tickets, edited=version)
            catch_up = partial(tickets.note_breaches, now=now)
            done += await work_off(runtime, "reckon anew", due=outdated, do=catch_up)
            behind, follow = work_order_queries.behind_their_clocks, following.show_its_dates
            await work_off(runtime, "show work orders' dates", due=behind, do=follow)
            async with runtime.db.begin() as session:
                await slots.finish_slot(session, **run, owner=owner, now=runtime.now())
    return done


async def end_waiting(runtime: Runtime) -> int:
    """Bring back tickets whose agreed date has come."""
    now = runtime.now()
    return await work_off(
        runtime,
        "end agreed waiting",
        due=partial(ticket_queries.lock_due_for_review, now=now),
        do=partial(tickets.review, now=now),
        put_off=partial(ticket_queries.put_off_review, until=now + PUT_OFF),
    )


async def cancel_idle_chats(runtime: Runtime) -> int:
    """End talks with the bot that nobody can take up again."""
    now = runtime.now()
    return await work_off(
        runtime,
        "cancel idle chats",
        due=partial(ticket_queries.lock_abandoned, idle_since=now - IDLE_AFTER),
        do=partial(tickets.abandon, idle_since=now - IDLE_AFTER, now=now),
    )


async def plan_callbacks(runtime: Runtime) -> int:
    """Note for every resolution when to ask the customer."""
    settings, now = runtime.settings.callbacks, runtime.now()
    return await work_off(
        runtime,
        "plan callbacks",
        due=callback_queries.lock_unplanned,
        do=partial(callbacks.plan, settings=settings, now=now),
    )


async def make_callbacks(runtime: Runtime) -> int:
    """Ask the customers, and end the windows in which nobody answered."""
    settings, now = runtime.settings.callbacks, runtime.now()
    return await work_off(
        runtime,
        "make callbacks",
        due=partial(callback_queries.lock_due, now=now),
        do=partial(callbacks.run_due, settings=settings, texts=runtime.texts, now=now),
        put_off=partial(callback_queries.put_off, until=now + PUT_OFF),
    )


async def remind_customers(runtime: Runtime) -> int:
    """Remind customers who do not answer what we asked, and resolve what they leave."""
    now = runtime.now()
    return await work_off(
        runtime,
        "remind customers",
        due=partial(reminder_queries.lock_due, now=now),
        do=partial(
            reminders.run_due,
            settings=runtime.settings,
            policies=runtime.policies,
            texts=runtime.texts,
            now=now,
        ),
        put_off=partial(reminder_queries.put_off, until=now + PUT_OFF),
    )


async def take_back_answers(runtime: Runtime) -> int:
    """Whoever waits for an answer that was given up on has waited all the time."""
    return await work_off(
        runtime,
        "take back answers",
        due=message_queries.lock_undelivered,
        do=partial(messages.take_back, now=runtime.now()),
    )


async def expire_handovers(runtime: Runtime) -> int:
    """What nobody accepted in time stays with who has it."""
    now = runtime.now()
    return await work_off(
        runtime,
        "expire hand-overs",
        due=partial(handover_queries.lock_expired, now=now),
        do=partial(handovers.expire, now=now),
    )


async def tell_deputies(runtime: Runtime) -> int:
    """Say to those who stand in that an absence has begun."""
    now = runtime.now()
    return await work_off(
        runtime,
        "tell deputies",
        due=partial(agent_queries.lock_begun_absences, now=now),
        do=partial(alerts.tell_deputy, now=now),
    )


async def tell_of_gaps(runtime: Runtime) -> int:
    """Managers learn which accounts lack the people their tier asks for."""
    async with runtime.db.begin() as session:
        return await accounts.tell_of_gaps(session, now=runtime.now())


async def send_alerts(runtime: Runtime) -> int:
    """Hand what agents are told to mail and Telegram."""
    return await work_off(
        runtime,
        "send alerts",
        due=alert_queries.lock_unsent,
        do=partial(alerts.send, texts=runtime.texts, settings=runtime.settings, now=runtime.now()),
    )


async def route_waiting(runtime: Runtime) -> int:
    """Offer what waits to the next, to another team, to whoever is free now; else tell leads."""
    now = runtime.now()
    reconsider = partial(offers.reconsider, switchboard=runtime.switchboard, now=now)
    done = await _end_overtaken(runtime, now=now)
    done += await work_off(
        runtime,
        "route what is due",
        due=partial(routing_queries.lock_due, now=now),
        do=reconsider,
        put_off=partial(routing_queries.put_off, until=now + SHORTLY),
    )
    done += await work_off(
        runtime, "route what came back", due=routing_queries.lock_unrouted, do=reconsider
    )
    return done + await _fill_free_hands(runtime, reconsider, now=now)


async def _end_overtaken(runtime: Runtime, *, now: datetime) -> int:
    """All at once: after a rest, or in a new demo, hundreds of tickets have been taken by hand."""
    done = 0
    while True:
        async with runtime.db.read() as session:
            found = await routing_queries.overtaken(session, now=now, limit=TOGETHER)
        if not found:
            return done
        async with runtime.db.begin() as session:
            await routing_queries.end_decisions(session, found, now=now)
        done += len(found)


async def _fill_free_hands(runtime: Runtime, reconsider: Do, *, now: datetime) -> int:
    """In the order of urgency, so not by way of `work_off`."""
    closed_until = partial(runtime.switchboard.opens_at, now=now)
    async with runtime.db.read() as session:
        teams = await routing_queries.pushing_teams(session)
        waiting = partial(
            routing_queries.lock_for_free_hands,
            team_ids=[team.id for team in teams if closed_until(team.name) is None],
        )
        if not teams or not await waiting(session, limit=1):
            return 0
    async with runtime.db.begin() as session:
        ids = await waiting(session, limit=BATCH)
        for ticket_id in ids:
            await reconsider(session, ticket_id)
    return len(ids)
