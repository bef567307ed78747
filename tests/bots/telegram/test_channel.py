from collections.abc import AsyncIterator

import pytest

from bots.telegram.channel import REMEMBERED, TelegramChannel
from contact_center.channels.base import Button, DeliveryFailed, Outgoing
from contact_center.storage import StoredFile
from tests.support.telegram import BOT_ID

ANN = "77"


@pytest.fixture
def channel(connection, storage) -> TelegramChannel:
    return TelegramChannel(connection, storage=storage, secret=b"secret")


def outgoing(text: str = "Hello", **more) -> Outgoing:
    return Outgoing(**{"idempotency_key": "k1", "address": ANN, "text": text} | more)


async def stored(storage, content: bytes, name: str, content_type: str) -> StoredFile:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    return await storage.save(chunks(), name=name, content_type=content_type, limit=10**7)


async def test_a_message_arrives_and_its_name_is_returned(channel, server):
    name = await channel.send(outgoing("你好 👋 <b>not bold</b>"))

    assert server.texts(ANN) == ["你好 👋 <b>not bold</b>"]
    assert name == f"{BOT_ID}:{ANN}:1000"


async def test_a_reply_tells_who_wrote_it(channel, server):
    await channel.send(outgoing("It is on its way.", sender_name="Li Wei"))

    assert server.texts(ANN) == ["Li Wei:\nIt is on its way."]


async def test_five_thousand_characters_arrive_in_two_messages_with_the_buttons_below_the_last(
    channel, server
):
    text = "word " * 1000

    await channel.send(outgoing(text, buttons=[Button("Yes", "yes")]))

    first, last = server.called("sendMessage")
    assert first.parameters["text"] + last.parameters["text"] == text
    assert first.buttons == []
    assert [label for label, _ in last.buttons] == ["Yes"]


async def test_a_thousand_emoji_too_many_arrive_whole(channel, server):
    await channel.send(outgoing("😀" * 3000))

    assert "".join(server.texts(ANN)) == "😀" * 3000


async def test_a_picture_is_sent_as_a_photo_and_the_rest_as_documents(channel, server, storage):
    picture = await stored(storage, b"\x89PNG", "screen.png", "image/png")
    invoice = await stored(storage, b"%PDF", "发票.pdf", "application/pdf")

    await channel.send(outgoing(attachments=[picture, invoice]))

    [photo], [document] = server.called("sendPhoto"), server.called("sendDocument")
    assert photo.files["photo"] == ("screen.png", "image/png", b"\x89PNG")
    assert document.files["document"] == ("发票.pdf", "application/pdf", b"%PDF")


async def test_a_file_of_two_megabytes_arrives(channel, server, storage):
    content = b"0123456789abcdef" * 131_072
    film = await stored(storage, content, "film.mp4", "video/mp4")

    await channel.send(outgoing("", attachments=[film]))

    assert server.called("sendDocument")[0].files["document"][2] == content


async def test_a_picture_that_telegram_cannot_show_is_sent_as_a_document(channel, server, storage):
    picture = await stored(storage, b"no picture", "screen.png", "image/png")
    server.fail("sendPhoto", 400, "Bad Request: IMAGE_PROCESS_FAILED")

    await channel.send(outgoing("", attachments=[picture]))

    [document] = server.called("sendDocument")
    assert document.files["document"][2] == b"no picture"


async def test_telegram_says_how_long_to_wait(channel, server):
    server.fail("sendMessage", 429, "Too Many Requests: retry after 7", retry_after=7)

    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(outgoing())

    assert failed.value.retry_after == 7
    assert not failed.value.permanent


@pytest.mark.parametrize(
    ("status", "description"),
    [
        (403, "bot was blocked by the user"),
        (403, "user is deactivated"),
        (400, "Chat not found"),
    ],
)
async def test_who_cannot_be_reached_is_not_tried_again(channel, server, status, description):
    server.fail("sendMessage", status, description)

    with pytest.raises(DeliveryFailed, match=description) as failed:
        await channel.send(outgoing())

    assert failed.value.permanent


@pytest.mark.parametrize("status", [500, 502, 401, 404])
async def test_trouble_at_telegram_passes(channel, server, status):
    server.fail("sendMessage", status, "Internal Server Error")

    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(outgoing())

    assert not failed.value.permanent


async def test_a_server_that_is_away_is_trouble_that_passes(channel, connection, storage):
    await connection.transport.shutdown()

    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(outgoing())

    assert not failed.value.permanent


async def test_parts_that_were_sent_are_not_sent_again(channel, server):
    text = "a" * 4096 + "b" * 4096 + "c" * 100
    parts_before_the_failure = iter([None, 429])
    answer = server._send_message

    async def fail_once_in_between(call):
        if next(parts_before_the_failure, None):
            server.fail("sendMessage", 429, "Too Many Requests", retry_after=1)
            raise server.failures["sendMessage"].pop()
        return await answer(call)

    server._send_message = fail_once_in_between
    with pytest.raises(DeliveryFailed):
        await channel.send(outgoing(text))
    name = await channel.send(outgoing(text))

    sent = [text[:1] for text in server.texts(ANN)]
    assert sent == ["a", "b", "b", "c"]  # the refused one, once more
    assert [number for _, number in server.messages] == [1000, 1001, 1002]
    assert name == f"{BOT_ID}:{ANN}:1000"


async def test_a_message_whose_success_was_not_recorded_is_not_sent_twice(channel, server):
    assert await channel.send(outgoing()) == await channel.send(outgoing())

    assert len(server.texts(ANN)) == 1


async def test_what_is_remembered_is_bounded(channel, server):
    for number in range(REMEMBERED + 5):
        channel._sent[f"old-{number}"] = ["x"]

    await channel.send(outgoing())

    assert len(channel._sent) == REMEMBERED
    assert "k1" in channel._sent


async def test_a_group_that_became_a_supergroup_is_followed(channel, server):
    server.migrated["-5"] = -1005

    name = await channel.send(outgoing(address="-5"))
    await channel.send(outgoing(address="-5", idempotency_key="k2"))

    assert name == f"{BOT_ID}:-1005:1000"
    assert [call.chat for call in server.called("sendMessage")] == ["-5", "-1005", "-1005"]


async def test_an_earlier_message_is_changed_and_loses_its_buttons(channel, server):
    name = await channel.send(outgoing(buttons=[Button("Claim", "claim:1")]))

    await channel.send(outgoing("Li Wei has it", idempotency_key="k2", extra={"edit": name}))
    await channel.send(outgoing("Li Wei has it", idempotency_key="k2", extra={"edit": name}))

    [shown] = server.messages.values()
    assert shown["text"] == "Li Wei has it"
    assert "reply_markup" not in shown


@pytest.mark.parametrize("more", [{"text": ""}, {"buttons": [Button("x", "评" * 40)]}])
async def test_what_no_message_can_hold_is_given_up_on(channel, server, more):
    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(outgoing(**more))

    assert failed.value.permanent
    assert server.calls == []


async def test_a_file_that_is_gone_is_given_up_on(channel):
    lost = StoredFile("f" * 32, "a.pdf", "application/pdf", 3, "0" * 64)

    with pytest.raises(DeliveryFailed, match="gone") as failed:
        await channel.send(outgoing("", attachments=[lost]))

    assert failed.value.permanent
