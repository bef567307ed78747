"""What goes on among colleagues today: work of departments, promises, requests, a complaint."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contact_center.agents import actions as agents
from contact_center.agents.models import Agent
from contact_center.calendars.week import ROUND_THE_CLOCK
from contact_center.complaints.actions import handling
from contact_center.complaints.models import EvidenceKind, Stage
from contact_center.demo.cases import Case
from contact_center.demo.people import BILLING, WAREHOUSE
from contact_center.demo.performing import Performance
from contact_center.demo.stories import Scenery
from contact_center.events.rules import Actor, agent
from contact_center.handovers.actions import requests as handovers
from contact_center.handovers.models import HandoverKind
from contact_center.promises import actions as promises
from contact_center.settings import HandoverSettings, WorkOrderSettings
from contact_center.supervision import actions as supervision
from contact_center.supervision.models import Cause
from contact_center.tickets.models import Status, Ticket, TransferReason
from contact_center.tickets.queries import get_ticket, lock_ticket
from contact_center.work_orders.actions import asking, issuing, working
from contact_center.work_orders.models import WorkOrder

# Whoever tries it out reads for a while before answering.
_PATIENT = HandoverSettings(accept_within=240, own_within=960)
_STEP = timedelta(minutes=2)


@dataclass(slots=True)
class Place:
    """A ticket with its own time, which goes on with every step."""

    ticket: Ticket
    words: Scenery
    language: str
    at: datetime
    end: datetime

    @property
    def now(self) -> datetime:
        self.at = min(self.at + _STEP, self.end)
        return self.at

    @property
    def owner(self) -> Actor:
        return agent(self.ticket.owner_id or 0)

    @property
    def assignee(self) -> Actor:
        return agent(self.ticket.assignee_id or 0)


@dataclass(kw_only=True)
class Scenes:
    """Each is played where there is a place for it: a short history has fewer tickets."""

    show: Performance
    cases: Sequence[Case]
    now: datetime
    _places: list[Place] = field(default_factory=list)

    async def play(self) -> None:
        self._places = [place for case in self.cases if (place := await self._place(case))]
        await self._take_leave()
        await self._investigate()
        for name, language in (("agent", "en"), ("agent.zh", "zh")):
            me = self._agent(name)
            await self._ask(me, language, HandoverKind.TRANSFER)
            await self._ask(me, language, HandoverKind.OWNERSHIP)
            await self._promise(me, language)
            await self._work(language)
        await self._supervise()

    async def _place(self, case: Case) -> Place | None:
        if not case.ticket_id:
            return None
        ticket = await get_ticket(self.show.session, case.ticket_id)
        if ticket.status not in (Status.OPEN, Status.WAITING_DEPARTMENT):
            return None
        if ticket.owner_id is None or ticket.assignee_id is None:
            return None
        at = max(ticket.updated_at, self.now - timedelta(minutes=40))
        content = case.telling.content
        return Place(ticket, content.scenery, case.buyer.language, at, self.now)

    def _take(self, fits: Callable[[Place], bool]) -> Place | None:
        """The first place that fits; nothing else is played there."""
        found = next((place for place in self._places if fits(place)), None)
        if found is not None:
            self._places.remove(found)
        return found

    def _agent(self, name: str) -> Agent:
        return self.show.staff.agents[name]

    async def _take_leave(self) -> None:
        lukas, tom = self._agent("lukas.maier"), self._agent("tom.okafor")
        await agents.plan_absence(
            self.show.session,
            lukas.id,
            starts_at=self.now - timedelta(days=1),
            ends_at=self.now + timedelta(days=4),
            deputy_id=tom.id,
            reason="Holiday",
            by=agent(lukas.id),
            now=self.now - timedelta(days=3),
        )

    async def _investigate(self) -> None:
        place = self._take(lambda one: one.ticket.stage == Stage.ASSESSED)
        if place is None:
            return
        session, number = self.show.session, place.ticket.id
        turn = self.show.turn(place.owner, place.now)
        await handling.investigate(session, number, handler_id=None, turn=turn)
        turn = self.show.turn(place.owner, place.now)
        await handling.add_evidence(
            session, number, kind=EvidenceKind.STATEMENT, text=place.words.evidence, turn=turn
        )
        await self._issue(place, WAREHOUSE, place.words.question)

    async def _ask(self, receiver: Agent, language: str, kind: HandoverKind) -> None:
        place = self._take(
            lambda one: (
                one.language == language
                and one.ticket.status is Status.OPEN
                and one.ticket.stage is None
                and receiver.id not in (one.ticket.owner_id, one.ticket.assignee_id)
            )
        )
        if place is None:
            return
        is_transfer = kind is HandoverKind.TRANSFER
        await handovers.request(
            self.show.session,
            place.ticket.id,
            kind=kind,
            to=receiver.id,
            reason=TransferReason.SKILL if is_transfer else TransferReason.SHIFT_END,
            terms=handovers.Terms(calendar=ROUND_THE_CLOCK, settings=_PATIENT),
            by=place.assignee if is_transfer else place.owner,
            now=place.now,
            note=place.words.note,
        )

    async def _promise(self, me: Agent, language: str) -> None:
        for text, minutes in (("soon", 50), ("later", 1500)):
            place = self._take(
                lambda one: (
                    one.language == language
                    and one.ticket.stage is None
                    and me.id in (one.ticket.owner_id, one.ticket.assignee_id)
                )
            ) or self._take(lambda one: one.language == language and one.ticket.stage is None)
            if place is not None:
                await promises.make(
                    self.show.session,
                    place.ticket.id,
                    text=place.words.promises[text],
                    due_at=self.now + timedelta(minutes=minutes),
                    by=place.owner,
                    now=place.now,
                )

    # Departments

    async def _work(self, language: str) -> None:
        """One work order for each way it can stand."""
        marta, omar = agent(self._agent("marta.nowak").id), agent(self._agent("omar.haddad").id)
        session = self.show.session
        for number, scene in enumerate(("issued", "at work", "finished", "returned", "extended")):
            place = self._take(lambda one: one.language == language)
            if place is None:
                return
            team = BILLING if scene in ("issued", "returned") else WAREHOUSE
            order = await self._issue(place, team, place.words.work[number])
            if scene == "returned":
                to = self.show.staff.teams[WAREHOUSE].id
                await working.give_back(
                    session,
                    order.id,
                    text=place.words.not_ours,
                    suggested_team_id=to,
                    by=marta,
                    now=place.now,
                )
            elif scene != "issued":
                await self._do(place, order, scene, by=omar)

    async def _issue(self, place: Place, team: str, task: str) -> WorkOrder:
        session, number = self.show.session, place.ticket.id
        asked = await asking.ask(
            session,
            await lock_ticket(session, number),
            self.show.intake.policies,
            kind="task",
            team_id=self.show.staff.teams[team].id,
            task=task,
        )
        return await issuing.issue(session, number, asked, by=place.owner, now=place.now)

    async def _do(self, place: Place, order: WorkOrder, scene: str, *, by: Actor) -> None:
        session, words = self.show.session, place.words
        await working.sign(session, order.id, by=by, now=place.now)
        await working.start(session, order.id, by=by, now=place.now)
        if scene == "finished":
            await working.finish(session, order.id, text=words.done, by=by, now=place.now)
        elif scene == "extended":
            until = order.finish_due_at + timedelta(days=1)
            await working.ask_extension(
                session,
                order.id,
                until=until,
                lead_extends=WorkOrderSettings().lead_extends,
                text=words.more_time,
                by=by,
                now=place.now,
            )

    async def _supervise(self) -> None:
        """One waits for a supervisor; on another the lead has said what is to be done."""
        session = self.show.session
        for cause, has_lead in ((Cause.TRANSFERS, False), (Cause.BREACH, True)):
            place = self._take(lambda _: True)
            if place is None:
                return
            ticket = await lock_ticket(session, place.ticket.id)
            number = await supervision.order(session, ticket, cause=cause, now=place.now)
            if number is not None and has_lead:
                by, text = agent(self._agent("lead").id), place.words.instruction
                await supervision.instruct(session, number, text=text, by=by, now=place.now)
