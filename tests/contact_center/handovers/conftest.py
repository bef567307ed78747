"""Li, who answered first, her colleagues, and a lead."""

from dataclasses import dataclass, field

import pytest

from contact_center.agents.models import Agent, Role
from contact_center.alerts.queries import alerts_of
from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent
from contact_center.handovers.actions import requests
from contact_center.handovers.models import HandoverKind
from contact_center.messages.actions import reply
from contact_center.settings import HandoverSettings
from contact_center.tickets.models import TransferReason
from tests.support.factories import make_agent, make_ticket

TERMS = requests.Terms(calendar=ROUND_THE_CLOCK, settings=HandoverSettings())


@dataclass
class Office:
    session: object
    clock: object
    people: dict[str, Agent] = field(default_factory=dict)
    ticket: object = None

    def __getattr__(self, name):
        return self.people[name]

    async def ask(self, sender, to, *, kind=HandoverKind.TRANSFER, **fields):
        values = {"reason": TransferReason.SKILL, "terms": TERMS, **fields}
        return await requests.request(
            self.session,
            self.ticket.id,
            kind=kind,
            to=to.id,
            by=agent(sender.id),
            now=self.clock(),
            **values,
        )

    async def accept(self, handover, who):
        return await requests.accept(self.session, handover.id, by=agent(who.id), now=self.clock())

    async def transfer(self, sender, to):
        return await self.accept(await self.ask(sender, to), to)

    async def happened(self) -> list[str]:
        return [event.kind for event in await ticket_events(self.session, self.ticket.id)]

    async def told(self, who) -> list[str]:
        """The newest first."""
        return [alert.kind for alert in await alerts_of(self.session, who.id)]


@pytest.fixture
async def office(session, clock):
    office = Office(session, clock)
    for name in ("li", "wang", "zhao"):
        office.people[name] = await make_agent(session, now=clock(), name=name.title())
    office.people["lead"] = await make_agent(session, now=clock(), name="Lee", role=Role.LEAD)
    office.ticket = await make_ticket(session, now=clock())
    await reply(session, office.ticket.id, text="Hello", by=agent(office.li.id), now=clock())
    return office
