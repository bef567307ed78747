"""The other side: the way in, with a memory, and an agent who answers."""

from sqlalchemy import select

from contact_center.batching import Batcher
from contact_center.channels.base import Inbound, Receipt
from contact_center.conversations.models import Conversation
from contact_center.db import Database, hint
from contact_center.messages.models import Author, Direction, Message
from contact_center.tickets.models import Status, Ticket
from tests.support.fakes import FakeClock


class Inbox:
    """The real one; tests can look at what came through."""

    def __init__(self, batcher: Batcher[Inbound, Receipt]) -> None:
        self._batcher = batcher
        self.received: list[Inbound] = []

    async def submit(self, inbound: Inbound) -> Receipt:
        self.received.append(inbound)
        return await self._batcher.submit(inbound)


class Desk:
    """An agent, as far as the customer notices."""

    def __init__(self, db: Database, clock: FakeClock) -> None:
        self.db = db
        self._clock = clock

    async def says(
        self, thread: str, text: str, *, agent_id: int | None = None, note: bool = False
    ) -> int:
        async with self.db.begin() as session:
            conversation = (
                await session.scalars(select(Conversation).where(Conversation.thread == thread))
            ).one()
            ticket = await session.get(Ticket, conversation.ticket_id)
            assert ticket is not None
            ticket.status, ticket.owner_id = Status.OPEN, ticket.owner_id or agent_id
            message = Message(
                ticket_id=ticket.id,
                conversation_id=conversation.id,
                direction=Direction.NOTE if note else Direction.OUT,
                author=Author.AGENT,
                author_id=agent_id,
                channel="webchat",
                text=text,
                created_at=self._clock(),
            )
            session.add(message)
            await session.flush()
            hint(session, f"conversation:{conversation.id}")
            return message.id
