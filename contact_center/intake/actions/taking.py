"""Takes in messages: one transaction of set-based statements, however many come together.

Read what is known (arrivals, identities, conversations, tickets), decide in memory (`rules.py`),
write everything down. A message that breaks its batch is found by trying one by one and is put
into quarantine; nothing is lost, and nothing is answered before it is durable.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.callbacks import actions as callbacks
from contact_center.callbacks.rules import needs_nobody
from contact_center.channels.base import Inbound, Receipt
from contact_center.channels.dialogue import Dialogue, OpenTicket
from contact_center.complaints.actions.filing import open_all
from contact_center.conversations import actions as conversations
from contact_center.conversations import queries as conversation_queries
from contact_center.customers import actions as customers
from contact_center.customers.queries import blocked_addresses
from contact_center.db import Database, hint, is_passing
from contact_center.errors import Unavailable
from contact_center.events.rules import SYSTEM
from contact_center.intake import queries, rules
from contact_center.intake.actions.promising import promise, write_clocks
from contact_center.intake.actions.telling import tell_deputies
from contact_center.intake.actions.writing import talk_updates, write_events, write_lines
from contact_center.intake.models import Decision, Draft, Talk
from contact_center.ledger import actions as ledger
from contact_center.messages import queries as messages
from contact_center.messages.actions import note_bounce
from contact_center.policies.choosing import Policies
from contact_center.procedure import Procedure, usual_procedure
from contact_center.routing.actions import deciding as routing
from contact_center.settings import Settings
from contact_center.standing.actions import standings
from contact_center.standing.models import Standing
from contact_center.standing.rules import page_of
from contact_center.switchboard import Switchboard
from contact_center.texts import FALLBACK, Texts
from contact_center.tickets.models import ACTIVE

logger = logging.getLogger(__name__)

Key = tuple[str, str]  # channel and external id
BLOCKED = "the sender is blocked"
MOST_TOLD = 5  # tickets of a customer
AWAY = "service.cannot_write"  # what the error says
_FAILURES = (DBAPIError, PoolTimeout, ConnectionError, ValueError, LookupError, TypeError)


@dataclass(slots=True)
class Batch:
    """What a transaction has found out so far."""

    now: datetime
    receipts: dict[Key, Receipt] = field(default_factory=dict)
    fresh: dict[Key, Inbound] = field(default_factory=dict)
    senders: dict[Key, int] = field(default_factory=dict)  # customers
    talks: dict[Key, Talk] = field(default_factory=dict)
    decisions: dict[Key, Decision] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, repr=False)
class Intake:
    """Handles batches of inbound messages; a `Batcher` calls it."""

    db: Database
    settings: Settings
    texts: Texts
    routes: Switchboard
    dialogue: Dialogue
    policies: Policies
    now: Callable[[], datetime]
    procedure: Procedure = field(default_factory=usual_procedure)

    async def handle(self, inbounds: Sequence[Inbound]) -> Sequence[Receipt | Exception]:
        tidied = [rules.tidy(inbound) for inbound in inbounds]
        try:
            async with self.db.begin() as session:
                return await self.receive(session, tidied, now=self.now())
        except _FAILURES as error:
            if is_passing(error):
                raise Unavailable(code=AWAY) from error
            logger.exception("a batch failed", extra={"size": len(tidied)})
        return [await self._receive_alone(inbound) for inbound in tidied]

    async def receive(
        self, session: AsyncSession, inbounds: Sequence[Inbound], *, now: datetime
    ) -> list[Receipt]:
        """The whole batch in the caller's transaction; receipts in the order of the messages."""
        batch = Batch(now)
        await _skip_known(session, inbounds, batch)
        await _put_aside(session, batch)
        if batch.fresh:
            await self._find_talks(session, batch)
            self._decide(batch)
            drafts = _drafts(batch.talks.values())
            choices = await self._route(session, drafts, now=now)
            await self._write(session, drafts, choices, now=now)
            await routing.keep(session, choices, switchboard=self.routes, now=now)
            await _enter(session, batch)
            await tell_deputies(session, drafts, now=now)
            await self._after_resolution(session, batch)
            await _note_bounces(session, batch)
        return [batch.receipts[inbound.channel, inbound.external_id] for inbound in inbounds]

    async def _receive_alone(self, inbound: Inbound) -> Receipt | Exception:
        try:
            async with self.db.begin() as session:
                [receipt] = await self.receive(session, [inbound], now=self.now())
            return receipt
        except _FAILURES as error:
            if is_passing(error):
                return Unavailable(code=AWAY)
            logger.exception("a message broke", extra={"channel": inbound.channel})
            reason = f"it could not be stored ({type(error).__name__})"
        return await self._keep_aside(inbound, reason)

    async def _keep_aside(self, inbound: Inbound, reason: str) -> Receipt | Exception:
        """Its sender keeps what we cannot even put into quarantine."""
        try:
            async with self.db.begin() as session:
                [receipt] = await ledger.quarantine(session, [(inbound, reason)], now=self.now())
            return receipt
        except DBAPIError:
            logger.exception("a message cannot be kept", extra={"channel": inbound.channel})
            return Unavailable(code=AWAY)

    async def _find_talks(self, session: AsyncSession, batch: Batch) -> None:
        """All conversations are locked before any ticket: so does whoever needs both."""
        homes: dict[Key, Any] = {}
        for channel, inbounds in _by_channel(batch.fresh.values()):
            found = await self._conversations(session, channel, inbounds, now=batch.now)
            homes |= {(channel, external_id): row for external_id, (row, _) in found.items()}
            batch.senders |= {(channel, n): sender for n, (_, sender) in found.items()}
        tickets = await _current_tickets(session, [row.ticket_id for row in homes.values()])
        talks = {row.id: _talk(row, tickets) for row in homes.values()}
        batch.talks = {key: talks[homes[key].id] for key in batch.fresh}
        await _tell_of_tickets(session, batch, texts=self.texts, settings=self.settings)

    async def _conversations(
        self, session: AsyncSession, channel: str, inbounds: Sequence[Inbound], *, now: datetime
    ) -> dict[str, tuple[Any, int]]:
        """Locked rows and who wrote, by the messages' external ids."""
        known = await customers.recognise(
            session,
            channel=channel,
            senders=[inbound.sender for inbound in inbounds],
            language=self.settings.language,
            now=now,
        )
        threads = await _threads(session, channel, inbounds)
        wanted = {
            threads[inbound.external_id]: self._conversation_row(
                inbound,
                thread=threads[inbound.external_id],
                identity=known[inbound.sender.address],
                now=now,
            )
            for inbound in reversed(inbounds)
        }
        rows = await conversations.find_or_start(session, channel=channel, threads=wanted)
        return {
            inbound.external_id: (
                rows[threads[inbound.external_id]],
                known[inbound.sender.address][1],
            )
            for inbound in inbounds
        }

    def _conversation_row(
        self, inbound: Inbound, *, thread: str, identity: tuple[int, int], now: datetime
    ) -> dict[str, Any]:
        return {
            "channel": inbound.channel,
            "thread": thread,
            "address": inbound.sender.address,
            "identity_id": identity[0],
            "customer_id": identity[1],
            "ticket_id": None,
            "language": inbound.sender.language or self.settings.language,
            "dialogue": {},
            "created_at": now,
            "updated_at": now,
        }

    def _decide(self, batch: Batch) -> None:
        for key, inbound in batch.fresh.items():
            batch.decisions[key] = rules.decide(
                inbound,
                batch.talks[key],
                sender_id=batch.senders[key],
                dialogue=self.dialogue,
                now=batch.now,
                reopen_window=self.settings.callbacks.reopen_window,
            )
            if rules.wants_receipt(inbound, batch.decisions[key].draft):
                rules.announce_receipt(batch.talks[key], batch.decisions[key].draft)

    async def _route(
        self, session: AsyncSession, drafts: Sequence[tuple[Talk, Draft]], *, now: datetime
    ) -> list[routing.Choice]:
        """Who gets what needs a human from now on."""
        queued = [draft for _, draft in drafts if draft.was_queued]
        choices = await routing.choose(
            session,
            queued,
            switchboard=self.routes,
            now=now,
            named_teams={id(draft): draft.team for draft in queued if draft.team},
        )
        for draft, choice in zip(queued, choices, strict=True):
            if (agent_id := choice.decision.agent_id) is not None:
                rule = choice.decision.rule.value
                draft.say("ticket.offered", SYSTEM, assignee=agent_id, rule=rule)
        return choices

    async def _write(
        self,
        session: AsyncSession,
        drafts: Sequence[tuple[Talk, Draft]],
        choices: Sequence[routing.Choice],
        *,
        now: datetime,
    ) -> None:
        queued = [draft for _, draft in drafts if draft.was_queued]
        touched = [draft for _, draft in drafts]
        begun = await promise(
            session,
            touched,
            choices=choices,
            policies=self.policies,
            switchboard=self.routes,
            now=now,
        )
        new = [(talk, draft) for talk, draft in drafts if draft.is_new]
        if new:
            await queries.insert_tickets(session, new, now=now)
            self._word_receipts([draft for _, draft in new], now=now)
        old = [draft for _, draft in drafts if not draft.is_new]
        if old:
            await queries.update_tickets(session, old, now=now)
        await open_all(session, queued, procedure=self.procedure, now=now)
        await write_lines(session, drafts, now=now)
        await write_clocks(session, begun)
        await write_events(session, drafts, now=now)
        await conversation_queries.update_conversations(session, talk_updates(drafts, now=now))
        await routing.announce(
            session, queued, texts=self.texts, language=self.settings.language, now=now
        )
        for _, draft in drafts:
            hint(session, f"ticket:{draft.id}")
            for line in draft.lines:
                hint(session, f"conversation:{line.talk.id}")

    def _word_receipts(self, drafts: Sequence[Draft], *, now: datetime) -> None:
        """They tell the tickets' numbers."""
        for draft in drafts:
            for line in draft.lines:
                if line.kind == rules.RECEIPT:
                    line.text = rules.receipt(
                        line.talk, draft, settings=self.settings, texts=self.texts, now=now
                    )

    async def _after_resolution(self, session: AsyncSession, batch: Batch) -> None:
        """Rare, so one by one: answers to the callback, and "not solved after all".

        Whatever needs a person goes first: an answer beside it must not close the ticket.
        """
        after = {k: batch.fresh[k] for k, d in batch.decisions.items() if d.after_resolution}
        words = sorted(after.items(), key=lambda i: needs_nobody(i[1].text, button=i[1].button))
        for key, inbound in words:
            await callbacks.customer_wrote(
                session,
                batch.decisions[key].draft.id,
                message_id=batch.decisions[key].line.id,
                text=inbound.text,
                button=inbound.button,
                stranger_id=batch.decisions[key].stranger_id,
                settings=self.settings,
                texts=self.texts,
                calendars=self.policies.calendars,
                now=batch.now,
            )


async def _note_bounces(session: AsyncSession, batch: Batch) -> None:
    """Rare, so one by one: whoever did not get our answer waits for it again."""
    for key, inbound in batch.fresh.items():
        if addresses := rules.unreached(inbound):
            await note_bounce(
                session,
                channel=inbound.channel,
                external_ids=inbound.references,
                ticket_id=batch.decisions[key].draft.id,
                addresses=addresses,
                reason=", ".join(addresses),
                now=batch.now,
            )


async def _skip_known(session: AsyncSession, inbounds: Sequence[Inbound], batch: Batch) -> None:
    for inbound in inbounds:
        batch.fresh.setdefault((inbound.channel, inbound.external_id), inbound)
    for channel, some in _by_channel(batch.fresh.values()):
        known = await ledger.known(
            session, channel=channel, external_ids=[inbound.external_id for inbound in some]
        )
        for external_id, receipt in known.items():
            del batch.fresh[channel, external_id]
            batch.receipts[channel, external_id] = receipt


async def _put_aside(session: AsyncSession, batch: Batch) -> None:
    blocked = await _blocked(session, batch)
    problems = [
        (inbound, problem)
        for key, inbound in batch.fresh.items()
        if (problem := BLOCKED if key in blocked else rules.problem_with(inbound)) is not None
    ]
    if problems:
        receipts = await ledger.quarantine(session, problems, now=batch.now)
        for (inbound, _), receipt in zip(problems, receipts, strict=True):
            key = (inbound.channel, inbound.external_id)
            del batch.fresh[key]
            batch.receipts[key] = receipt


async def _blocked(session: AsyncSession, batch: Batch) -> set[Key]:
    """Messages of customers nobody wants to hear from any more."""
    found: set[Key] = set()
    for channel, inbounds in _by_channel(batch.fresh.values()):
        addresses = {inbound.sender.address for inbound in inbounds}
        blocked = await blocked_addresses(session, channel=channel, addresses=addresses)
        found |= {(channel, i.external_id) for i in inbounds if i.sender.address in blocked}
    return found


async def _threads(
    session: AsyncSession, channel: str, inbounds: Sequence[Inbound]
) -> dict[str, str]:
    """The conversation of each message, by external id: what it answers tells more than it says."""
    threads = {inbound.external_id: inbound.thread for inbound in inbounds}
    named = {i.external_id: i.ticket_id for i in inbounds if i.ticket_id is not None}
    if named:
        by_ticket = await conversation_queries.threads_of_tickets(
            session, channel=channel, ticket_ids=set(named.values())
        )
        threads |= {key: by_ticket[n] for key, n in named.items() if n in by_ticket}
    answers = {i.external_id: i.references for i in inbounds if i.references}
    if answers:
        found = await messages.messages_by_external_id(
            session, channel=channel, external_ids={r for refs in answers.values() for r in refs}
        )
        homes = await conversation_queries.conversations_by_id(
            session, {home for _, home in found.values() if home is not None}
        )
        for key, references in answers.items():
            # The last reference is what was answered; earlier ones only lead to the same thread.
            home = next((found[r][1] for r in reversed(references) if r in found), None)
            if home in homes and named.get(key) is None:
                threads[key] = homes[home].thread
    return threads


async def _current_tickets(
    session: AsyncSession, ticket_ids: Iterable[int | None]
) -> dict[int, Draft]:
    wanted = {number for number in ticket_ids if number is not None}
    if not wanted:
        return {}
    return await queries.lock_tickets(session, wanted)


async def _tell_of_tickets(
    session: AsyncSession, batch: Batch, *, texts: Texts, settings: Settings
) -> None:
    """Give the dialogue the customer's tickets, where it will be asked for them."""
    talking = {
        batch.talks[key].customer_id
        for key, inbound in batch.fresh.items()
        if inbound.dialogue and _meets_the_dialogue(batch.talks[key])
    }
    if not talking:
        return
    tickets = await queries.recent_tickets(session, talking, each=MOST_TOLD)
    known = texts.keys(FALLBACK)
    told = await standings(session, tickets, known=known, now=batch.now)
    for talk in {id(talk): talk for talk in batch.talks.values()}.values():
        talk.tickets = [
            _line_of(standing, settings)
            for ticket, standing in zip(tickets, told, strict=True)
            if ticket.customer_id == talk.customer_id
        ][:MOST_TOLD]


def _meets_the_dialogue(talk: Talk) -> bool:
    """While a person has the ticket nobody asks the dialogue for others."""
    return talk.ticket is None or talk.ticket.status not in ACTIVE


def _line_of(standing: Standing, settings: Settings) -> OpenTicket:
    date = standing.next_at and standing.next_at.astimezone(ZoneInfo(settings.time_zone))
    return OpenTicket(
        standing.reference,
        standing.subject,
        standing.stage,
        standing.owner,
        link=page_of(settings.server.public_url, standing.token),
        promised=f"{date:%Y-%m-%d %H:%M %Z}" if date else None,
        acting=standing.acting,
    )


def _talk(row: Any, tickets: Mapping[int, Draft]) -> Talk:
    return Talk(
        id=row.id,
        channel=row.channel,
        address=row.address,
        customer_id=row.customer_id,
        language=row.language,
        dialogue=row.dialogue,
        ticket=tickets.get(row.ticket_id),
    )


async def _enter(session: AsyncSession, batch: Batch) -> None:
    entered = []
    for key, decision in batch.decisions.items():
        receipt = Receipt(decision.outcome.value, decision.line.id, decision.draft.id)
        batch.receipts[key] = receipt
        entered.append((batch.fresh[key], receipt))
    await ledger.enter(session, entered, now=batch.now)


def _by_channel(inbounds: Iterable[Inbound]) -> Iterable[tuple[str, list[Inbound]]]:
    groups: dict[str, list[Inbound]] = {}
    for inbound in inbounds:
        groups.setdefault(inbound.channel, []).append(inbound)
    return sorted(groups.items())


def _drafts(talks: Iterable[Talk]) -> list[tuple[Talk, Draft]]:
    """Each ticket once: merged ones are talked about in several conversations."""
    unique = {talk.id: talk for talk in talks}
    found = {
        id(draft): (talk, draft) for _, talk in sorted(unique.items()) for draft in talk.drafts
    }
    return list(found.values())
