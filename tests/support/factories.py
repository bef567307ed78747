"""Rows and messages with every argument defaulted."""

from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Agent, Presence, Role, Team
from contact_center.channels.base import Inbound, Sender

_numbers = count(1)


def inbound(text: str = "My parcel is late", **fields: Any) -> Inbound:
    """A message of a customer to the API, who writes for the first time unless told otherwise."""
    number = next(_numbers)
    address = fields.pop("address", f"customer-{number}")
    name = fields.pop("name", "Ann Lee")
    values: dict[str, Any] = {
        "channel": "api",
        "external_id": f"m{number}",
        "sender": Sender(address=address, name=name),
        "thread": address,
        "text": text,
    }
    return Inbound(**values | fields)


async def make_agent(session: AsyncSession, *, now: datetime, **fields: Any) -> Agent:
    number = next(_numbers)
    values: dict[str, Any] = {
        "email": f"agent{number}@example.com",
        "name": f"Agent {number}",
        "password_hash": "!",
        "role": Role.AGENT,
        "presence": Presence.ONLINE,
        "created_at": now,
    }
    agent = Agent(**values | fields)
    session.add(agent)
    await session.flush()
    return agent


async def make_team(session: AsyncSession, *, now: datetime, **fields: Any) -> Team:
    team = Team(**{"name": f"Team {next(_numbers)}", "created_at": now} | fields)
    session.add(team)
    await session.flush()
    return team
