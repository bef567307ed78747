"""Plays stories through the real actions, each at its own moment of the past.

What a ticket may do and what follows from it is decided where it always is; nothing is written
past the rules, so the history obeys every one of them.
"""

import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent
from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.callbacks import actions as callbacks
from contact_center.callbacks import queries as callback_queries
from contact_center.channels.base import Inbound
from contact_center.closure import actions as closure
from contact_center.complaints.actions import answers, deciding, filing, handling
from contact_center.complaints.actions.turns import Turn
from contact_center.complaints.models import Outcome, Stage
from contact_center.complaints.rules.stages import StepRefused
from contact_center.conversations.queries import get_conversation
from contact_center.demo import queries
from contact_center.demo.people import BILLING, COMPLAINTS, WAREHOUSE, Buyer, Staff
from contact_center.demo.plots import DIALOGUES, Beat, Do
from contact_center.demo.stories import Telling
from contact_center.events.rules import Actor, agent
from contact_center.handovers.actions import requests as handovers
from contact_center.handovers.models import HandoverKind
from contact_center.intake.actions.taking import Intake
from contact_center.links import actions as links
from contact_center.messages import actions as messages
from contact_center.settings import HandoverSettings
from contact_center.sla.models import ClockState
from contact_center.sla.queries import clocks_of
from contact_center.tickets import actions as tickets
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import (
    WAITING,
    Priority,
    Status,
    Ticket,
    TicketKind,
    TransferReason,
)
from contact_center.work_orders.actions import asking, issuing, working
from contact_center.work_orders.models import WorkOrderState
from contact_center.work_orders.queries import last_finished_at, open_work_orders_of

_FORM = ("what_happened", "since", "order", "remedy")  # the questions, in their order
_PRIORITIES = {TicketKind.PRAISE: "low", TicketKind.SUGGESTION: "low"}
_NOTICED = timedelta(seconds=12)  # after which the timetable sees that a promise has broken
_OF_MONEY = (0, 3)  # which of `scenery.work` is Billing's


@dataclass(slots=True)
class Case:
    """One telling on its way through the contact centre."""

    telling: Telling
    buyer: Buyer
    agent: Agent
    start: datetime
    beats: Sequence[Beat]
    thread: str
    colleague: Agent | None = None  # to whom the next step may be handed
    into: "Case | None" = None  # it turns out to be about the same thing
    ticket_id: int = 0
    message_ids: list[int] = field(default_factory=list)
    watched: set[datetime] = field(default_factory=set)  # when promises fall due

    @property
    def by(self) -> Actor:
        return agent(self.agent.id)

    @property
    def end(self) -> datetime:
        return self.start + self.beats[-1].after


@dataclass(kw_only=True)
class Performance:
    session: AsyncSession
    intake: Intake
    staff: Staff
    random: Random
    _queue: list[tuple[datetime, int, Case, Beat]] = field(default_factory=list)
    _pushed: int = 0
    _sent_until: datetime | None = None

    def add(self, case: Case) -> None:
        for beat in case.beats:
            self._push(case.start + beat.after, case, beat)

    async def run(self, *, until: datetime) -> None:
        """Everything up to a moment, in the order of time; what is later is left out."""
        while self._queue and self._queue[0][0] <= until:
            at, _, case, beat = heapq.heappop(self._queue)
            await self._send_what_waits(at)
            if not case.ticket_id and beat.do is not Do.SAY:
                continue
            await self._check_promises(case, at)
            await _DOES[beat.do](self, case, beat, at)
            if case.ticket_id:
                await self._watch_promises(case)
        await self.session.flush()
        await queries.send_all(self.session)

    def _push(self, at: datetime, case: Case, beat: Beat) -> None:
        self._pushed += 1  # equal moments stay in their order
        heapq.heappush(self._queue, (at, self._pushed, case, beat))

    async def _send_what_waits(self, now: datetime) -> None:
        """Twice a day is enough: the callbacks look at it only days later."""
        if self._sent_until is None or now - self._sent_until > timedelta(hours=12):
            self._sent_until = now
            await self.session.flush()
            await queries.send_all(self.session)

    async def _check_promises(self, case: Case, now: datetime) -> None:
        if any(due < now for due in case.watched):
            case.watched = {due for due in case.watched if due >= now}
            await tickets.note_breaches(self.session, case.ticket_id, now=now)

    async def _watch_promises(self, case: Case) -> None:
        """Look at the clocks of a ticket when they run out."""
        await self.session.flush()
        clocks = (await clocks_of(self.session, case.ticket_id)).values()
        running = {c.due_at for c in clocks if c.state is ClockState.RUNNING and c.due_at}
        for due in running - case.watched:
            case.watched.add(due)
            self._push(due + _NOTICED, case, Beat(timedelta(), Do.CHECK))

    # The customer

    async def say(self, case: Case, beat: Beat, now: datetime) -> None:
        await self._hand_in(case, beat.text, now=now)

    async def form(self, case: Case, beat: Beat, now: datetime) -> None:
        """Answers what the chatbot asks, which depends on what it has understood already."""
        ticket = await ticket_queries.get_ticket(self.session, case.ticket_id)
        if ticket.status is not Status.BOT:
            return
        conversation = await get_conversation(self.session, ticket.conversation_id)
        known = conversation.dialogue.get("facts", {})
        asked = next((name for name in _FORM if name not in known), "remedy")
        telling = case.telling
        answers = {
            "what_happened": telling.opening,
            "since": telling.fill(telling.story.since),
            "order": telling.facts["order"],
            "remedy": telling.fill(telling.story.remedy),
        }
        await self._hand_in(case, answers[asked], now=now)

    async def answer(self, case: Case, beat: Beat, now: datetime) -> None:
        """0 is a plain "no"."""
        if case.buyer.channel in DIALOGUES:
            await self._hand_in(
                case, "", button="callback:yes" if beat.score else "callback:no", now=now
            )
            if beat.score:
                later = now + timedelta(seconds=self.random.uniform(5, 40))
                await self._hand_in(case, "", button=f"callback:{beat.score}", now=later)
        else:
            chinese = case.buyer.language == "zh"
            text = ("没有" if chinese else "No") if not beat.score else str(beat.score)
            await self._hand_in(case, text, now=now)
        if beat.score and beat.score >= 3:
            await self._write_down_consent(case, now)

    async def _write_down_consent(self, case: Case, now: datetime) -> None:
        """Who said no to our response to a complaint, and yes later on."""
        ticket = await ticket_queries.get_ticket(self.session, case.ticket_id)
        if ticket.stage != Stage.REJECTED_BY_CUSTOMER or ticket.owner_id is None:
            return
        turn, quote = self.turn(agent(ticket.owner_id), now), case.telling.content.thanks[0]
        await answers.record_answer(
            self.session,
            ticket.id,
            accepted=True,
            channel=case.buyer.channel,
            quote=quote,
            turn=turn,
        )
        with suppress(StepRefused):
            await answers.close(self.session, ticket.id, turn=turn)

    async def _hand_in(
        self, case: Case, text: str, *, now: datetime, button: str | None = None
    ) -> None:
        story, buyer = case.telling.story, case.buyer
        is_first = not case.ticket_id
        speaks_for_itself = buyer.channel in ("api", "demo-shop")
        inbound = Inbound(
            channel=buyer.channel,
            external_id=f"{case.thread}:{self.random.getrandbits(64):016x}",
            sender=buyer.sender,
            thread=case.thread,
            text=text or (button or ""),
            subject=case.telling.subject if buyer.channel not in DIALOGUES else None,
            button=button,
            kind=story.kind if speaks_for_itself else None,
            priority=story.priority if speaks_for_itself else None,
            category=story.category if buyer.channel not in DIALOGUES else None,
            facts={"order": case.telling.facts["order"]} if speaks_for_itself else {},
            dialogue=buyer.channel in DIALOGUES,
        )
        [receipt] = await self.intake.receive(self.session, [inbound], now=now)
        if receipt.message_id is not None:
            case.message_ids.append(receipt.message_id)
        if receipt.ticket_id is not None and is_first:
            case.ticket_id = receipt.ticket_id

    # The agents

    async def claim(self, case: Case, beat: Beat, now: datetime) -> None:
        ticket = await ticket_queries.get_ticket(self.session, case.ticket_id)
        if ticket.status is Status.QUEUED:  # else it goes on where they last wrote about it
            await tickets.claim(self.session, case.ticket_id, by=case.by, now=now)

    async def sort(self, case: Case, beat: Beat, now: datetime) -> None:
        """Mail does not say what it is, and nobody's message says how urgent."""
        story = case.telling.story
        priority = Priority(story.priority or _PRIORITIES.get(story.kind, "high"))
        changes: dict[str, object] = {
            "category": story.category,
            "priority": priority,
            "kind": story.kind,
        }
        if story.is_complaint:
            changes["team_id"] = self.staff.teams[COMPLAINTS].id
        turn = self.turn(case.by, now)
        ticket = await filing.edit(
            self.session, case.ticket_id, version=None, changes=changes, turn=turn
        )
        if story.is_complaint and ticket.stage in (None, Stage.RECEIVED):
            await self._take_up(case, turn)

    async def _take_up(self, case: Case, turn: Turn) -> None:
        """The customer knows who answers for the complaint; how bad it is has been weighed."""
        ticket_id, content = case.ticket_id, case.telling.content
        next_at = turn.now + timedelta(days=2)
        await handling.acknowledge(
            self.session, ticket_id, next_step=content.next_step, next_at=next_at, turn=turn
        )
        scores = {"severity": 1, "safety": 0, "complexity": 1, "impact": 1, "urgency": 2}
        await handling.assess(self.session, ticket_id, scores=scores, turn=turn)

    def turn(self, by: Actor, now: datetime) -> Turn:
        intake = self.intake
        return Turn(
            by=by,
            now=now,
            procedure=intake.procedure,
            policies=intake.policies,
            settings=intake.settings,
            texts=intake.texts,
        )

    async def reply(self, case: Case, beat: Beat, now: datetime) -> None:
        await self._resume(case, now=now)
        by = await self._speaker(case)
        await messages.reply(self.session, case.ticket_id, text=beat.text, by=by, now=now)

    async def _speaker(self, case: Case) -> Actor:
        """What departments' work came to the customer hears from the owner."""
        ticket = await ticket_queries.get_ticket(self.session, case.ticket_id)
        worked = await last_finished_at(self.session, ticket.id) is not None
        return agent(ticket.owner_id) if worked and ticket.owner_id else case.by

    async def note(self, case: Case, beat: Beat, now: datetime) -> None:
        await messages.add_note(self.session, case.ticket_id, text=beat.text, by=case.by, now=now)

    async def transfer(self, case: Case, beat: Beat, now: datetime) -> None:
        """The colleague does the next steps; the owner stays who he is."""
        if case.colleague is None or case.colleague is case.agent:
            return
        reason = self.random.choice((TransferReason.SKILL, TransferReason.SHIFT_END))
        handover = await handovers.request(
            self.session,
            case.ticket_id,
            kind=HandoverKind.TRANSFER,
            to=case.colleague.id,
            reason=reason,
            terms=handovers.Terms(calendar=ROUND_THE_CLOCK, settings=HandoverSettings()),
            by=case.by,
            now=now,
        )
        receiver = agent(case.colleague.id)
        await handovers.accept(self.session, handover.id, by=receiver, now=now)
        case.agent = case.colleague

    async def wait(self, case: Case, beat: Beat, now: datetime) -> None:
        ticket = await ticket_queries.lock_ticket(self.session, case.ticket_id)
        if ticket.status is not Status.OPEN or beat.status is None:
            return
        if beat.status is Status.WAITING_DEPARTMENT:
            await self._ask_team(case, ticket, now=now)
            return
        dated = beat.status in (Status.ON_HOLD, Status.WAITING_THIRD_PARTY)
        whom = case.telling.content.partners
        await tickets.wait(
            self.session,
            case.ticket_id,
            status=beat.status,
            reason="" if beat.status is Status.WAITING_CUSTOMER else self.random.choice(whom),
            review_at=now + timedelta(days=self.random.choice((2, 3, 5))) if dated else None,
            by=case.by,
            now=now,
        )

    async def _ask_team(self, case: Case, ticket: Ticket, *, now: datetime) -> None:
        """For work: the ticket waits until that is done."""
        work = case.telling.content.scenery.work
        task = self.random.choice(work)
        team = BILLING if work.index(task) in _OF_MONEY else WAREHOUSE
        asked = await asking.ask(
            self.session,
            ticket,
            self.intake.policies,
            kind="task",
            team_id=self.staff.teams[team].id,
            task=task,
        )
        await issuing.issue(self.session, ticket.id, asked, by=case.by, now=now)

    async def _finish_work(self, case: Case, ticket: Ticket, *, now: datetime) -> None:
        """The department has done what it was asked, and the ticket's owner has looked at it."""
        words = case.telling.content.scenery
        came_of = dict(zip(words.work, words.worked, strict=True))
        money, owner = self.staff.teams[BILLING].id, agent(ticket.owner_id or 0)
        for order in await open_work_orders_of(self.session, ticket.id):
            who = "marta.nowak" if order.team_id == money else "omar.haddad"
            by = agent(self.staff.agents[who].id)
            if order.state is WorkOrderState.ISSUED:
                await working.sign(self.session, order.id, by=by, now=now)
            await working.finish(self.session, order.id, text=came_of[order.task], by=by, now=now)
            await issuing.verify(self.session, order.id, by=owner, now=now)

    async def resolve(self, case: Case, beat: Beat, now: datetime) -> None:
        await self._resume(case, now=now)
        # A reopened ticket's clock went on from where it stood.
        await tickets.note_breaches(self.session, case.ticket_id, now=now)
        ticket = await ticket_queries.get_ticket(self.session, case.ticket_id)
        if ticket.stage == Stage.ASSESSED:
            await self._respond(case, now)
        else:
            code = case.telling.story.code
            await closure.resolve(self.session, ticket.id, code=code, by=case.by, now=now)
        if ticket.signed_off_at is None and ticket.owner_id is not None:
            by = agent(ticket.owner_id)
            await closure.sign_off(self.session, ticket.id, by=by, now=now)

    async def _respond(self, case: Case, now: datetime) -> None:
        """The complaint is upheld; its customer is told so in one letter."""
        ticket_id, content = case.ticket_id, case.telling.content
        turn = self.turn(await self._speaker(case), now)
        await deciding.decide(
            self.session, ticket_id, outcome=Outcome.UPHELD, reasons=content.reasons, turn=turn
        )
        await deciding.respond(
            self.session,
            ticket_id,
            text=case.telling.fill(content.decision),
            contents=list(turn.procedure.contents),
            turn=turn,
        )

    async def cancel(self, case: Case, beat: Beat, now: datetime) -> None:
        await filing.cancel(self.session, case.ticket_id, reason=beat.text, by=case.by, now=now)

    async def close(self, case: Case, beat: Beat, now: datetime) -> None:
        turn = self.turn(agent(self.staff.agents["lead"].id), now)
        with suppress(StepRefused):  # the customer has answered after all
            await answers.close(self.session, case.ticket_id, turn=turn)

    async def merge(self, case: Case, beat: Beat, now: datetime) -> None:
        assert case.into is not None
        into = case.into.ticket_id
        await links.merge(self.session, case.ticket_id, into=into, by=case.by, now=now)

    async def split(self, case: Case, beat: Beat, now: datetime) -> None:
        """What is split off is answered at once."""
        part = await links.split(
            self.session,
            case.ticket_id,
            message_ids=case.message_ids[-1:],
            subject=case.telling.subject,
            by=case.by,
            now=now,
        )
        await tickets.note_breaches(self.session, part.id, now=now)
        await messages.reply(self.session, part.id, text=beat.text, by=case.by, now=now)

    async def _resume(self, case: Case, *, now: datetime) -> None:
        ticket = await ticket_queries.lock_ticket(self.session, case.ticket_id)
        await self._finish_work(case, ticket, now=now)
        if ticket.status in WAITING:
            await tickets.resume(self.session, case.ticket_id, by=case.by, now=now)

    # The timetable

    async def plan(self, case: Case, beat: Beat, now: datetime) -> None:
        settings = self.intake.settings.callbacks
        await callbacks.plan(self.session, case.ticket_id, settings=settings, now=now)

    async def call(self, case: Case, beat: Beat, now: datetime) -> None:
        callback = await callback_queries.latest_callback(self.session, case.ticket_id)
        if callback is not None:
            await callbacks.run_due(
                self.session,
                callback.id,
                settings=self.intake.settings.callbacks,
                texts=self.intake.texts,
                now=now,
            )

    async def check(self, case: Case, beat: Beat, now: datetime) -> None:
        """Promises are checked before everything anyway."""


_DOES: Mapping[Do, Callable[[Performance, Case, Beat, datetime], Awaitable[None]]] = {
    Do.SAY: Performance.say,
    Do.FORM: Performance.form,
    Do.CLAIM: Performance.claim,
    Do.SORT: Performance.sort,
    Do.REPLY: Performance.reply,
    Do.NOTE: Performance.note,
    Do.TRANSFER: Performance.transfer,
    Do.WAIT: Performance.wait,
    Do.RESOLVE: Performance.resolve,
    Do.PLAN: Performance.plan,
    Do.CALL: Performance.call,
    Do.ANSWER: Performance.answer,
    Do.CANCEL: Performance.cancel,
    Do.CLOSE: Performance.close,
    Do.MERGE: Performance.merge,
    Do.SPLIT: Performance.split,
    Do.CHECK: Performance.check,
}
