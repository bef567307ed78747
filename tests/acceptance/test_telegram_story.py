"""A customer complains in Telegram, a team takes it on, answers, and is thanked for it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bots.dialogs.talk import build_dialogue
from bots.telegram.app import TelegramFront
from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.complaints.actions import deciding, handling
from contact_center.complaints.actions.turns import Turn
from contact_center.complaints.models import Outcome
from contact_center.db import Database
from contact_center.events.rules import Actor, agent
from contact_center.intake.actions.taking import Intake
from contact_center.messages.actions import reply
from contact_center.messages.queries import conversation_messages
from contact_center.runtime import Runtime
from contact_center.settings import Telegram
from contact_center.switchboard import Rule, Switchboard
from contact_center.tickets.models import Status, Ticket
from contact_center.tickets.queries import get_ticket
from scheduler.relay import Relay
from scheduler.sweeps import make_callbacks, plan_callbacks
from tests.support.calendars import POLICIES
from tests.support.factories import make_agent, make_team
from tests.support.fakes import FakeClock
from tests.support.telegram import TOKEN, FakeTelegram, blocked, message, pressed

ANN, GROUP, LI_WEI, BO = 77, -100, 501, 502


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram().running() as telegram:
        yield telegram


@pytest.fixture
async def service(
    runtime: Runtime, telegram: FakeTelegram, database_url: str, clock: FakeClock
) -> AsyncIterator[Runtime]:
    """Everything that runs between Telegram and the database, and a team with a group."""
    settings = runtime.settings.model_copy(
        update={
            "telegram": Telegram(
                token=TOKEN,
                base_url=f"{telegram.url}/bot",
                base_file_url=f"{telegram.url}/file/bot",
            )
        }
    )
    bus = Bus()
    db = Database(database_url, on_commit=bus.publish)
    intake = Intake(
        policies=POLICIES,
        db=db,
        settings=settings,
        texts=runtime.texts,
        routes=Switchboard(rules=[Rule("Parcels")]),
        dialogue=build_dialogue(runtime.texts, company="Example Ltd"),
        now=clock,
    )
    channels: dict[str, object] = {}
    service = replace(
        runtime,
        settings=settings,
        db=db,
        bus=bus,
        inbox=Batcher(intake.handle),
        channels=channels,
    )
    front = TelegramFront(service)
    channels["telegram"] = front.channel
    async with db.begin() as session:
        await make_team(session, now=clock(), name="Parcels", telegram_chat=str(GROUP))
        for name, number in (("Li Wei", LI_WEI), ("Bo", BO)):
            await make_agent(session, now=clock(), name=name, telegram_id=str(number))
    running = [
        asyncio.create_task(work)
        for work in (service.inbox.run(), Relay(service, owner="node").run())
    ]
    async with front.running():
        yield service
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await db.dispose()


class Chat:
    """What one chat shows, and what its people do."""

    def __init__(self, telegram: FakeTelegram, number: int) -> None:
        self._telegram = telegram
        self._number = number

    @property
    def shown(self) -> list[dict]:
        return [m for (chat, _), m in self._telegram.messages.items() if chat == str(self._number)]

    async def write(self, text: str, **more: object) -> None:
        await self._telegram.push(message(self._number, text, **more))

    async def press(self, label: str, *, sender: int | None = None) -> None:
        offers = [(m, key) for m in self.shown for key in _keys(m) if key["text"] == label]
        shown, key = offers[-1]
        sender = sender or self._number
        query = f"{sender}-{shown['message_id']}"
        await self._telegram.push(pressed(sender, shown, key["callback_data"], query=query))

    async def reads(self, text: str) -> None:
        """Wait until a message with this text stands in the chat."""
        await self._telegram.until(lambda: any(text in m["text"] for m in self.shown))


def _keys(shown: dict) -> list[dict]:
    markup = shown.get("reply_markup", {"inline_keyboard": []})
    return [key for row in markup["inline_keyboard"] for key in row]


async def the_ticket(service: Runtime) -> Ticket:
    async with service.db.read() as session:
        return await get_ticket(session, 1)


async def complain(ann: Chat) -> None:
    await ann.write("/start")
    await ann.reads("How can we help?")
    await ann.press("I have a complaint")
    await ann.reads("What happened?")
    await ann.write("My parcel came broken on Monday. Order A-4711. Please refund me!")
    await ann.reads("Your complaint is with our people now.")


async def handle(service: Runtime, ticket_id: int, *, by: Actor) -> None:
    """Take the complaint through its stages up to the response."""
    turn = Turn(
        by=by,
        now=service.now(),
        procedure=service.procedure,
        policies=service.policies,
        settings=service.settings,
        texts=service.texts,
    )
    async with service.db.begin() as session:
        next_at = turn.now + timedelta(days=1)
        await handling.acknowledge(
            session, ticket_id, next_step="We look at the parcel", next_at=next_at, turn=turn
        )
        scores = dict.fromkeys(("severity", "safety", "complexity", "impact", "urgency"), 1)
        await handling.assess(session, ticket_id, scores=scores, turn=turn)
        await deciding.decide(
            session, ticket_id, outcome=Outcome.UPHELD, reasons="It was broken", turn=turn
        )
        await deciding.respond(
            session,
            ticket_id,
            text="You are right: here is your refund.",
            contents=sorted(service.procedure.contents),
            turn=turn,
        )


async def test_a_complaint_from_the_first_word_to_the_last(
    service: Runtime, telegram: FakeTelegram, clock: FakeClock
) -> None:
    ann, group = Chat(telegram, ANN), Chat(telegram, GROUP)

    await complain(ann)
    await group.reads("New complaint: T-000001 My parcel came broken")
    await group.press("Claim", sender=LI_WEI)
    await group.press("Claim", sender=BO)
    await group.reads("✅ Li Wei has it")
    await telegram.until(lambda: len(telegram.called("answerCallbackQuery")) == 3)
    told = [call.parameters.get("text") for call in telegram.called("answerCallbackQuery")]
    assert told == [None, "T-000001 is yours.", "Li Wei has it already."]

    ticket = await the_ticket(service)
    assert (ticket.status, ticket.facts["order"]) == (Status.OPEN, "A-4711")
    by = agent(ticket.owner_id or 0)
    async with service.db.begin() as session:
        await reply(session, ticket.id, text="The money is on its way.", by=by, now=clock())
    await ann.reads("Li Wei:\nThe money is on its way.")

    await handle(service, ticket.id, by=by)
    await ann.reads("You are right: here is your refund.")
    clock.advance(hours=1)
    await plan_callbacks(service)
    await make_callbacks(service)
    await ann.reads("solved?")
    await ann.press("Yes, solved")
    await ann.reads("How satisfied are you")
    await ann.press("5")
    await ann.reads("Thank you!")

    ticket = await the_ticket(service)
    assert (ticket.status, ticket.score) == (Status.CLOSED, 5)


async def test_who_has_telegram_in_chinese_is_answered_in_chinese(
    service: Runtime, telegram: FakeTelegram
) -> None:
    ann, group = Chat(telegram, ANN), Chat(telegram, GROUP)

    await ann.write("/start", language="zh-hans")
    await ann.reads("请问有什么可以帮您？")
    await ann.write("/human", language="zh-hans")
    await ann.reads("正在为您转人工")
    await group.reads("T-000001 要求人工服务")


async def test_who_blocks_the_bot_leaves_a_note_on_the_open_ticket(
    service: Runtime, telegram: FakeTelegram
) -> None:
    ann, group = Chat(telegram, ANN), Chat(telegram, GROUP)
    await ann.write("Where is my parcel? I have been waiting for two weeks now.")
    await group.reads("T-000001")

    await telegram.push(blocked(ANN))
    await telegram.push(blocked(BO))  # somebody we have never heard of
    await telegram.until(lambda: not telegram.updates)  # all of it is confirmed

    async with service.db.read() as session:
        ticket = await get_ticket(session, 1)
        said = await conversation_messages(session, ticket.conversation_id)
    assert said[-1].text.startswith("(has blocked the bot")
    assert ticket.status is Status.QUEUED
