"""Letters of a file: nothing is sent, they are shown to be read, printed, or sent as a reply."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.queries import agent_names
from contact_center.complaints.actions.turns import Turn
from contact_center.complaints.models import GRANTED, Case, RedressItem
from contact_center.complaints.rules.authority import shown
from contact_center.complaints.rules.letters import Letter, LetterKind, compose, decided
from contact_center.customers.queries import get_customer


async def letter(
    session: AsyncSession, case: Case, kind: LetterKind, *, language: str, turn: Turn
) -> Letter:
    complaint, ticket, decision = case.complaint, case.ticket, case.decision
    if language not in turn.texts.languages:
        language = "en"
    names = await agent_names(session, [ticket.owner_id])
    customer = await get_customer(session, ticket.customer_id)
    facts = {
        "reference": ticket.reference,
        "subject": ticket.subject,
        "company": turn.settings.company,
        "customer": customer.name,
        "owner": names.get(ticket.owner_id or 0, ""),
        "today": _day(turn, turn.now),
        "received": _day(turn, complaint.received_at),
        "next_step": complaint.next_step,
        "next_at": turn.day(complaint.next_at) if complaint.next_at else "",
        "until": _day(turn, complaint.extended_to),
        "reason": complaint.extension_reason,
        "decision": _decided(case, kind, turn=turn, language=language),
        "reasons": decision.reasons if decision else "",
        "further": _further(case, turn=turn, language=language),
        "redress": _redress(case.redress, turn=turn, language=language),
    }
    return compose(kind, facts=facts, texts=turn.texts, language=language)


def _decided(case: Case, kind: LetterKind, *, turn: Turn, language: str) -> str:
    """Who accepted without a response was told of no decision."""
    if kind is LetterKind.SUMMARY and case.complaint.responded_at is None:
        return turn.texts.say(language, "letters.agreed")
    outcome = case.decision.outcome if case.decision else None
    return decided(outcome, texts=turn.texts, language=language)


def _further(case: Case, *, turn: Turn, language: str) -> str:
    """Where the customer may go; there is one review, and after it none."""
    key = "letters.further" if case.complaint.level == 1 else "letters.further_last"
    return turn.texts.say(language, key, company=turn.settings.company)


def _day(turn: Turn, at: datetime | None) -> str:
    return turn.day(at)[:10] if at is not None else ""


def _redress(items: Sequence[RedressItem], *, turn: Turn, language: str) -> str:
    lines = []
    for item in items:
        if item.state in GRANTED:
            kind = turn.texts.say(language, f"letters.redress_{item.kind}")
            amount = f" {shown(item.amount)} {turn.procedure.currency}" if item.amount else ""
            lines.append(f"{kind}{amount} {item.description}".strip())
    return "; ".join(lines) or turn.texts.say(language, "letters.no_redress")
