"""How tickets belong together."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Table


class LinkKind(StrEnum):
    RELATED = "related"
    DUPLICATE = "duplicate"
    FOLLOW_UP = "follow_up"
    SPLIT = "split"
    MERGED = "merged"


BY_HAND = frozenset({LinkKind.RELATED, LinkKind.DUPLICATE, LinkKind.FOLLOW_UP})


class TicketLink(Table):
    """From the newer ticket to the older one."""

    __tablename__ = "ticket_links"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, index=True)
    kind: Mapped[LinkKind]
    created_at: Mapped[datetime]
