"""A complaint, the people who handle it, and each step in one line."""

from datetime import timedelta
from pathlib import Path

import pytest

from contact_center.agents.models import Agent, Role
from contact_center.complaints import queries
from contact_center.complaints.actions import answers, deciding, handling
from contact_center.complaints.actions.turns import Turn
from contact_center.complaints.models import Complaint, EvidenceKind, Outcome
from contact_center.events.rules import agent as agent_actor
from contact_center.procedure import usual_procedure
from contact_center.settings import Settings
from contact_center.texts import load_texts
from contact_center.tickets.models import Status, Ticket, TicketKind
from tests.support.calendars import POLICIES
from tests.support.factories import customer_says, make_agent, make_ticket

TEXTS = load_texts(Path("config/texts"))
MILD = {"severity": 1, "safety": 0, "complexity": 1, "impact": 1, "urgency": 1}
ALL = sorted(usual_procedure().contents)


class File:
    """One complaint in one transaction."""

    ann: Agent  # owns it
    bob: Agent
    lee: Agent  # a lead
    max: Agent  # a manager

    def __init__(self, session, clock) -> None:
        self.session, self.clock = session, clock

    async def open(self, **fields) -> "File":
        now = self.clock()
        self.ann = await make_agent(self.session, now=now, name="Ann")
        self.bob = await make_agent(self.session, now=now, name="Bob")
        self.lee = await make_agent(self.session, now=now, name="Lee", role=Role.LEAD)
        self.max = await make_agent(self.session, now=now, name="Max", role=Role.MANAGER)
        self.ticket = await make_ticket(
            self.session,
            now=now,
            **{"kind": TicketKind.COMPLAINT, "facts": {"remedy": "a refund"}, **fields},
        )
        await customer_says(self.session, self.ticket, "The kettle burnt my hand", now=now)
        return self

    def by(self, agent: Agent) -> Turn:
        return Turn(
            by=agent_actor(agent.id),
            now=self.clock(),
            procedure=usual_procedure(),
            policies=POLICIES,
            settings=Settings(),
            texts=TEXTS,
        )

    @property
    def id(self) -> int:
        return self.ticket.id

    async def complaint(self) -> Complaint:
        await self.session.flush()
        return await queries.find_complaint(self.session, self.id)

    async def fresh(self) -> Ticket:
        await self.session.flush()
        await self.session.refresh(self.ticket)
        return self.ticket

    async def acknowledge(self, by=None):
        return await handling.acknowledge(
            self.session,
            self.id,
            next_step="We look into the kettle",
            next_at=self.clock() + timedelta(days=2),
            turn=self.by(by or self.ann),
        )

    async def assess(self, by=None, **scores):
        turn = self.by(by or self.ann)
        return await handling.assess(self.session, self.id, scores=MILD | scores, turn=turn)

    async def investigate(self, by=None, handler=None):
        number = handler.id if handler else None
        turn = self.by(by or self.ann)
        return await handling.investigate(self.session, self.id, handler_id=number, turn=turn)

    async def find(self, by=None, cause="product_defect"):
        turn = self.by(by or self.ann)
        await handling.add_evidence(
            self.session, self.id, kind=EvidenceKind.STATEMENT, text="It is cracked", turn=turn
        )
        await handling.find_cause(
            self.session, self.id, root_cause=cause, findings="A crack", turn=turn
        )

    async def decide(self, by=None, outcome=Outcome.UPHELD):
        return await deciding.decide(
            self.session,
            self.id,
            outcome=outcome,
            reasons="The crack was there",
            turn=self.by(by or self.ann),
        )

    async def approve(self, by=None):
        return await deciding.approve(self.session, self.id, turn=self.by(by or self.lee))

    async def respond(self, by=None, contents=ALL):
        return await deciding.respond(
            self.session,
            self.id,
            text="You are right. We are sorry.",
            contents=contents,
            turn=self.by(by or self.ann),
        )

    async def answer(self, *, accepted: bool, by=None):
        return await answers.record_answer(
            self.session,
            self.id,
            accepted=accepted,
            channel="phone",
            quote="All right then" if accepted else "No, that will not do",
            turn=self.by(by or self.ann),
        )

    async def close(self, by=None):
        return await answers.close(self.session, self.id, turn=self.by(by or self.ann))

    async def to_response(self, outcome=Outcome.UPHELD) -> "File":
        await self.acknowledge()
        await self.assess()
        await self.investigate()
        await self.find()
        await self.decide(outcome=outcome)
        if outcome is Outcome.REJECTED:
            await self.approve()
        await self.respond()
        return self


@pytest.fixture
async def file(session, clock) -> File:
    opened = await File(session, clock).open()
    assert (await opened.fresh()).status is Status.QUEUED
    return opened
