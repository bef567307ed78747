"""What customers do in a story."""

from contextlib import suppress
from datetime import datetime, timedelta

from contact_center.channels.base import Inbound
from contact_center.complaints.actions import answers
from contact_center.complaints.models import Stage
from contact_center.complaints.rules.stages import StepRefused
from contact_center.conversations.queries import get_conversation
from contact_center.demo.cases import Case, Props
from contact_center.demo.plots import DIALOGUES, Beat
from contact_center.events.rules import agent
from contact_center.tickets import queries as ticket_queries
from contact_center.tickets.models import Status

_FORM = ("what_happened", "since", "order", "remedy")  # the questions, in their order


async def say(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    await _hand_in(show, case, beat.text, now=now)


async def form(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    """Answers what the chatbot asks, which depends on what it has understood already."""
    ticket = await ticket_queries.get_ticket(show.session, case.ticket_id)
    if ticket.status is not Status.BOT:
        return
    conversation = await get_conversation(show.session, ticket.conversation_id)
    known = conversation.dialogue.get("facts", {})
    asked = next((name for name in _FORM if name not in known), "remedy")
    telling = case.telling
    said = {
        "what_happened": telling.opening,
        "since": telling.fill(telling.story.since),
        "order": telling.facts["order"],
        "remedy": telling.fill(telling.story.remedy),
    }
    await _hand_in(show, case, said[asked], now=now)


async def answer(show: Props, case: Case, beat: Beat, now: datetime) -> None:
    """0 is a plain "no"."""
    if case.buyer.channel in DIALOGUES:
        await _hand_in(
            show, case, "", button="callback:yes" if beat.score else "callback:no", now=now
        )
        if beat.score:
            later = now + timedelta(seconds=show.random.uniform(5, 40))
            await _hand_in(show, case, "", button=f"callback:{beat.score}", now=later)
    else:
        chinese = case.buyer.language == "zh"
        text = ("没有" if chinese else "No") if not beat.score else str(beat.score)
        await _hand_in(show, case, text, now=now)
    if beat.score and beat.score >= 3:
        await _write_down_consent(show, case, now)


async def _write_down_consent(show: Props, case: Case, now: datetime) -> None:
    """Who said no to our response to a complaint, and yes later on."""
    ticket = await ticket_queries.get_ticket(show.session, case.ticket_id)
    if ticket.stage != Stage.REJECTED_BY_CUSTOMER or ticket.owner_id is None:
        return
    turn, quote = show.turn(agent(ticket.owner_id), now), case.telling.content.thanks[0]
    await answers.record_answer(
        show.session,
        ticket.id,
        accepted=True,
        channel=case.buyer.channel,
        quote=quote,
        turn=turn,
    )
    with suppress(StepRefused):
        await answers.close(show.session, ticket.id, turn=turn)


async def _hand_in(
    show: Props, case: Case, text: str, *, now: datetime, button: str | None = None
) -> None:
    story, buyer = case.telling.story, case.buyer
    is_first = not case.ticket_id
    speaks_for_itself = buyer.channel in ("api", "demo-shop")
    inbound = Inbound(
        channel=buyer.channel,
        external_id=f"{case.thread}:{show.random.getrandbits(64):016x}",
        sender=buyer.sender,
        thread=case.thread,
        text=text or (button or ""),
        subject=case.telling.subject if buyer.channel not in DIALOGUES else None,
        button=button,
        kind=story.kind if speaks_for_itself else None,
        priority=story.priority if speaks_for_itself else None,
        category=story.category if buyer.channel not in DIALOGUES else None,
        facts={"order": case.telling.facts["order"]} if speaks_for_itself else {},
        dialogue=buyer.channel in DIALOGUES,
    )
    [receipt] = await show.intake.receive(show.session, [inbound], now=now)
    if receipt.message_id is not None:
        case.message_ids.append(receipt.message_id)
    if receipt.ticket_id is not None and is_first:
        case.ticket_id = receipt.ticket_id
