"""What the front takes in, and what it refuses."""

import uuid
from typing import Any

import pytest

from bots.webchat.messages import LONGEST_TEXT
from contact_center.conversations.queries import find_conversation
from contact_center.db import Database
from tests.bots.webchat.conftest import PNG, Visitor
from tests.bots.webchat.desk import Inbox


async def test_a_message_is_acknowledged_when_it_is_stored(visitor: Visitor, inbox: Inbox) -> None:
    number = str(uuid.uuid4())

    receipt = await visitor.writes("where is my parcel", id=number)

    inbound = inbox.received[0]
    assert receipt["id"] == number
    assert receipt["message_id"] > 0
    assert inbound.channel == "webchat"
    assert inbound.external_id == f"{visitor.id}:{number}"
    assert inbound.thread == inbound.sender.address == visitor.id
    assert inbound.dialogue


async def test_a_message_sent_twice_counts_once(visitor: Visitor) -> None:
    number = str(uuid.uuid4())

    first = await visitor.writes("where is my parcel", id=number)
    second = await visitor.writes("where is my parcel", id=number)

    assert not first["duplicate"]
    assert second["duplicate"]
    assert second["message_id"] == first["message_id"]


async def test_two_visitors_may_choose_the_same_id(visitor: Visitor) -> None:
    number = str(uuid.uuid4())
    other = await Visitor(visitor.client).open()

    await visitor.writes("one", id=number)

    assert not (await other.writes("two", id=number))["duplicate"]


async def test_a_pressed_button_travels_with_its_label(visitor: Visitor, inbox: Inbox) -> None:
    await visitor.writes("I have a complaint", button="complaint")

    assert inbox.received[0].button == "complaint"
    assert inbox.received[0].text == "I have a complaint"


async def test_unprintable_characters_are_dropped(visitor: Visitor, inbox: Inbox) -> None:
    await visitor.writes("  a\x07b\r\nc\td👨‍👩‍👧  ")

    assert inbox.received[0].text == "ab\nc\td👨‍👩‍👧"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"text": "   "}, 422),
        ({"text": "x" * (LONGEST_TEXT + 1)}, 422),
        ({"text": "a\0b"}, 422),
        ({"text": "hi", "id": "17"}, 422),
        ({"text": "hi", "button": "x" * 41}, 422),
        ({"text": "hi", "sender": "somebody else"}, 422),
        ({"text": "hi", "files": ["v1.e30.forged"]}, 422),
        ({"text": 5}, 422),
    ],
)
async def test_a_malformed_message_is_refused(
    visitor: Visitor, inbox: Inbox, body: dict[str, Any], status: int
) -> None:
    answer = await visitor.post("messages", **{"id": str(uuid.uuid4()), **body})

    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    assert inbox.received == []


async def test_half_a_character_is_refused(visitor: Visitor) -> None:
    body = f'{{"id": "{uuid.uuid4()}", "text": "\\ud800"}}'
    headers = {**visitor.headers, "Content-Type": "application/json"}

    answer = await visitor.client.post("/chat/messages", data=body, headers=headers)

    assert answer.status in (400, 422)


async def test_a_huge_request_is_refused(visitor: Visitor) -> None:
    answer = await visitor.post("messages", id=str(uuid.uuid4()), text="x" * 200_000)

    assert answer.status == 413


async def test_a_form_of_another_site_cannot_write(visitor: Visitor) -> None:
    answer = await visitor.client.post(
        "/chat/messages", data={"text": "hi"}, headers=visitor.headers
    )

    assert answer.status == 415


async def test_a_visitor_who_writes_too_fast_is_told_to_wait(visitor: Visitor) -> None:
    statuses = []
    for _ in range(110):
        answer = await visitor.post("messages", id="no uuid")
        statuses.append(answer.status)

    assert statuses[0] == 422
    assert statuses[-1] == 429
    assert int(answer.headers["Retry-After"]) >= 1


async def test_one_fast_visitor_does_not_slow_down_another(visitor: Visitor) -> None:
    for _ in range(110):
        await visitor.post("messages", id="no uuid")
    other = await Visitor(visitor.client).open()

    assert await other.writes("where is my parcel")


async def test_agents_see_that_a_customer_is_typing(visitor: Visitor, bus: Any) -> None:
    await visitor.writes("where is my parcel")
    with bus.subscribe("typing:customer:1") as subscription:
        answer = await visitor.post("typing")

        assert await subscription.wait(1) == {"typing:customer:1"}
    assert answer.status == 204


async def test_typing_before_the_first_message_is_no_error(visitor: Visitor) -> None:
    assert (await visitor.post("typing")).status == 204


async def test_how_far_a_customer_has_read_never_goes_back(
    visitor: Visitor, chat_db: Database
) -> None:
    await visitor.writes("where is my parcel")

    assert (await visitor.post("read", message_id=2)).status == 204
    await visitor.post("read", message_id=1)

    async with chat_db.read() as session:
        conversation = await find_conversation(session, channel="webchat", thread=visitor.id)
    assert conversation is not None
    assert conversation.customer_read_id == 2


async def test_a_picture_travels_with_its_message(visitor: Visitor, inbox: Inbox) -> None:
    number = str(uuid.uuid4())
    uploaded = await (await visitor.uploads(PNG, message=number)).json()

    await visitor.writes("", id=number, files=[uploaded["reference"]])

    (file,) = inbox.received[0].attachments
    assert (file.name, file.content_type, file.size) == ("a.png", "image/png", len(PNG))
