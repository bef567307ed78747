"""A story on its way through the contact centre, and what all who play in it have to hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent
from contact_center.complaints.actions.turns import Turn
from contact_center.demo.people import Buyer, Staff
from contact_center.demo.plots import Beat
from contact_center.demo.stories import Telling
from contact_center.events.rules import Actor, agent
from contact_center.intake.actions.taking import Intake


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
class Props:
    """What everybody on the stage has to hand."""

    session: AsyncSession
    intake: Intake
    staff: Staff
    random: Random

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
