"""A customer and an agent talk by mail, over real SMTP in both directions."""

import asyncio
import dataclasses
import smtplib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from contact_center.channels.email.mail import ParsedMail
from contact_center.channels.email.parsing import parse_mail
from contact_center.channels.email.receiver import receiving
from contact_center.channels.email.sender import build_email_channel
from contact_center.events.rules import agent
from contact_center.intake.actions.taking import Intake
from contact_center.messages import actions as messages
from contact_center.messages.models import Direction, Message
from contact_center.messages.queries import ticket_messages
from contact_center.runtime import Runtime
from contact_center.switchboard import Switchboard
from scheduler.relay import Relay
from tests.support.calendars import POLICIES
from tests.support.factories import make_agent
from tests.support.inboxes import with_intake
from tests.support.mail import FarServer, a_far_server, mail_settings


@dataclass
class Story:
    """The contact centre, and the mail server of its customers."""

    runtime: Runtime
    relay: Relay
    port: int
    far: FarServer

    async def customer_writes(
        self, text: str, to: str = "support@desk.test", **headers: str
    ) -> None:
        message = EmailMessage()
        message["From"], message["To"] = "Ann <ann@example.com>", to
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.port) as client:
            client.send_message(message)

    async def agent_answers(self, ticket_id: int, text: str) -> ParsedMail:
        """The mail that the customer gets."""
        async with self.runtime.db.begin() as session:
            eve = await make_agent(session, name="Eve", now=self.runtime.now())
            await messages.reply(
                session, ticket_id, text=text, by=agent(eve.id), now=self.runtime.now()
            )
        return await self.next_mail()

    async def next_mail(self) -> ParsedMail:
        before = len(self.far.mails)
        await self.relay.step()
        while len(self.far.mails) == before:
            await asyncio.sleep(0.01)
        while self.relay._sending:
            await asyncio.sleep(0.01)
        return parse_mail(self.far.mails[-1].content)

    async def said(self, ticket_id: int) -> list[Message]:
        async with self.runtime.db.read() as session:
            return list(await ticket_messages(session, ticket_id))


@pytest.fixture
async def story(runtime: Runtime, tmp_path: Path) -> AsyncIterator[Story]:
    async with AsyncExitStack() as stack:
        far = await stack.enter_async_context(a_far_server())
        settings = mail_settings(smtp_host="127.0.0.1", smtp_port=far.port)
        channel = build_email_channel(settings, runtime.storage, now=runtime.now)
        stack.push_async_callback(channel.close)
        runtime = dataclasses.replace(runtime, settings=settings, channels={"email": channel})
        intake = Intake(
            policies=POLICIES,
            db=runtime.db,
            settings=settings,
            texts=runtime.texts,
            routes=Switchboard(),
            dialogue=None,  # mail has no dialogue in front of it
            now=runtime.now,
        )
        runtime = await stack.enter_async_context(with_intake(runtime, intake))
        relay = Relay(runtime, owner="test")
        recording = asyncio.create_task(relay._results.run())
        stack.callback(recording.cancel)
        port = await stack.enter_async_context(receiving(runtime))
        assert port is not None
        yield Story(runtime, relay, port, far)


async def test_a_customers_answer_joins_the_ticket_by_its_references(story: Story) -> None:
    await story.customer_writes("还是没有收到退款。", Subject="退款", Message_ID="<1@example.com>")
    receipt = await story.next_mail()
    answer = await story.agent_answers(1, "已为您处理。")

    await story.customer_writes(
        f"谢谢！\n\nOn 2 Mar 2026 at 12:00, Eve <support@desk.test> wrote:\n> {answer.text}",
        Message_ID="<2@example.com>",
        In_Reply_To=answer.message_id,
        References=f"<1@example.com> {answer.message_id}",
    )

    assert receipt.automatic
    assert not answer.automatic
    assert "T-000001" in answer.subject
    assert answer.references[0] == "<1@example.com>"
    texts = [(message.direction, message.text) for message in await story.said(1)]
    assert (Direction.OUT, "已为您处理。") in texts
    assert texts[-1] == (Direction.IN, "谢谢！")


async def test_a_customers_answer_joins_the_ticket_by_its_address_alone(story: Story) -> None:
    await story.customer_writes("My parcel is late", Subject="Parcel", Message_ID="<1@example.com>")
    await story.next_mail()
    answer = await story.agent_answers(1, "It left today.")
    assert answer.reply_to is not None

    await story.customer_writes(
        "It has arrived", to=answer.reply_to.address, Message_ID="<2@example.com>"
    )

    assert [message.text for message in await story.said(1)][-1] == "It has arrived"


async def test_a_returned_mail_is_a_note_on_its_ticket(story: Story) -> None:
    await story.customer_writes("My parcel is late", Message_ID="<1@example.com>")
    await story.next_mail()
    await story.agent_answers(1, "It left today.")
    bounced_to = story.far.mails[-1].mail_from
    deliveries = len(story.far.mails)

    await story.customer_writes(
        "Undelivered: 550 5.1.1 no such user",
        to=bounced_to,
        Auto_Submitted="auto-replied",
        Message_ID="<3@example.com>",
    )

    assert "Undelivered" in [message.text for message in await story.said(1)][-1]
    assert await story.relay.step() == 0
    assert len(story.far.mails) == deliveries
