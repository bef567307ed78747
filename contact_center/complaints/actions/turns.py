"""How every step begins and ends: the case is locked, who acts is known, the log is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent
from contact_center.agents.queries import get_active_agent
from contact_center.complaints import queries
from contact_center.complaints.actions import clocks
from contact_center.complaints.models import Case, Stage
from contact_center.complaints.rules.stages import check_step
from contact_center.events.rules import Actor
from contact_center.messages import actions as messages
from contact_center.messages.models import Message
from contact_center.policies.choosing import Policies
from contact_center.procedure import Procedure
from contact_center.settings import Settings
from contact_center.texts import Texts
from contact_center.tickets import actions as tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Who acts, when, and by what they are bound."""

    by: Actor
    now: datetime
    procedure: Procedure
    policies: Policies
    settings: Settings
    texts: Texts

    def day(self, at: datetime) -> str:
        """As a customer reads it."""
        return f"{at.astimezone(ZoneInfo(self.settings.time_zone)):%Y-%m-%d %H:%M}"


async def begin(session: AsyncSession, ticket_id: int, turn: Turn) -> tuple[Case, Agent]:
    """A person takes a step. Raises Forbidden for machines and for whom it is about."""
    case = await queries.lock_case(session, ticket_id, procedure=turn.procedure)
    agent = await tickets.acting_agent(session, turn.by)
    await tickets.check_not_recused(session, case.ticket, agent.id)
    preset = turn.policies.presets.get(case.complaint.preset)
    case.asked = preset.required_contents if preset else ()
    await clocks.ensure(session, case, policies=turn.policies, now=turn.now)
    return case, agent


async def chosen(session: AsyncSession, case: Case, agent_id: int) -> Agent:
    """Somebody who is to do something for this complaint."""
    agent = await get_active_agent(session, agent_id)
    await tickets.check_not_recused(session, case.ticket, agent.id)
    return agent


async def move(session: AsyncSession, case: Case, to: Stage, turn: Turn, **facts: Any) -> None:
    """To the next stage, if nothing is missing for it. Raises StepRefused."""
    check_step(case, to, now=turn.now, procedure=turn.procedure)
    await put(session, case, to, by=turn.by, now=turn.now, **facts)


async def put(
    session: AsyncSession, case: Case, to: Stage, *, by: Actor, now: datetime, **facts: Any
) -> None:
    """What has been checked is done, and shown on the ticket."""
    was = case.complaint.stage
    case.complaint.stage = to
    case.ticket.stage = to.value
    tickets.touch(case.ticket, now=now)
    await note(session, case, to.value, by=by, now=now, was=was.value, **facts)


async def note(
    session: AsyncSession, case: Case, what: str, *, by: Actor, now: datetime, **facts: Any
) -> None:
    """`complaint.<what>` in the log; facts are identifiers and codes."""
    await tickets.say(session, case.ticket, f"complaint.{what}", by=by, now=now, **facts)


async def tell(session: AsyncSession, case: Case, turn: Turn, text: str) -> Message:
    """A person's public message, in the transaction of the step it belongs to."""
    return await messages.reply(session, case.ticket.id, text=text, by=turn.by, now=turn.now)


async def phrase(session: AsyncSession, case: Case, turn: Turn, key: str, **values: object) -> str:
    """In the customer's language."""
    conversation = await messages.conversation_to_answer(session, case.ticket)
    named = {"reference": case.ticket.reference, "company": turn.settings.company, **values}
    return turn.texts.say(conversation.language, key, **named).strip()
