"""What was decided about who gets a ticket, and why; a decision for somebody is an offer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text  # noqa: TID251  partial indexes
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Table


class OfferState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # the ticket went elsewhere in the meantime


class RoutedBy(StrEnum):
    """What settled it."""

    TICKET_OWNER = "ticket_owner"  # answers for this ticket, or another open one of the customer
    PREVIOUS_OWNER = "previous_owner"  # answered for the ticket that this one follows
    MANAGER = "manager"
    DEPUTY = "deputy"
    SPECIALIST = "specialist"
    POOL = "pool"  # of the team: skill, language, load, fairness
    QUEUE = "queue"  # whoever of the team takes it
    OPEN_QUEUE = "open_queue"  # no team: everybody sees it


@dataclass(slots=True, kw_only=True)
class Candidate:
    """Somebody who works here. Offers made in the same batch count already."""

    id: int
    capacity: int
    load: int = 0  # tickets in hand and offers not answered yet
    online: bool = True
    absent: bool = False
    active: bool = True
    teams: frozenset[int] = frozenset()
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    last_at: datetime | None = None  # of the last offer

    def take(self, *, now: datetime) -> None:
        self.load += 1
        self.last_at = now


_OFFERED = text("offer = 'offered'")
_LIVE = text("look_at IS NOT NULL")


class RoutingDecision(Table):
    __tablename__ = "routing_decisions"
    __table_args__ = (
        Index("ix_routing_decisions_ticket", "ticket_id", "id"),
        Index(
            "ix_routing_decisions_offered",
            "agent_id",
            sqlite_where=_OFFERED,
            postgresql_where=_OFFERED,
        ),
        # A ticket waits by one decision at a time, so it is offered to one person at a time.
        Index(
            "ix_routing_decisions_live",
            "ticket_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        Index("ix_routing_decisions_look", "look_at", sqlite_where=_LIVE, postgresql_where=_LIVE),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    rule: Mapped[RoutedBy]
    reasons: Mapped[list[dict[str, Any]]]  # codes and ids: `why.<code>` says them in words
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    offer: Mapped[OfferState | None]
    queued_at: Mapped[datetime]  # since when the ticket has been waiting for somebody
    climbs: Mapped[int] = mapped_column(default=0)  # how often leads were told
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]  # of an offer
    ended_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]  # when to decide anew; None: nothing hangs on it any more


class RoutingTurn(Table):
    """When somebody was last offered something: who has waited longest comes first."""

    __tablename__ = "routing_turns"

    agent_id: Mapped[int] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True
    )
    last_at: Mapped[datetime]
