"""Who did something, and what tickets are called."""

from typing import NewType

Actor = NewType("Actor", str)

BOT = Actor("bot")
SYSTEM = Actor("system")


def agent(agent_id: int) -> Actor:
    return Actor(f"agent:{agent_id}")


def customer(customer_id: int) -> Actor:
    return Actor(f"customer:{customer_id}")


def token(token_id: int) -> Actor:
    """Another system, by its API token."""
    return Actor(f"token:{token_id}")


def agent_id(actor: Actor) -> int | None:
    """The agent's id, or None when it was not an agent."""
    kind, _, number = actor.partition(":")
    return int(number) if kind == "agent" else None


def reference(ticket_id: int) -> str:
    """What a ticket is called by people; it opens nothing by itself."""
    return f"T-{ticket_id:06d}"
