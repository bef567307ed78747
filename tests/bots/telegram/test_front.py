import asyncio
from datetime import UTC, datetime

import pytest
from telegram import Update

from bots.telegram.buttons import token
from bots.telegram.files import LARGEST
from bots.telegram.front import Front
from contact_center.errors import Unavailable
from tests.support.telegram import BOT_ID, DATE, edited, message, pressed

ANN, BO = 77, 78


@pytest.fixture
def receive(runtime, connection):
    """Hand in one update, as Telegram words it."""
    front, numbers = Front(runtime, connection), iter(range(1, 10_000))

    async def receive(content, number=None):
        raw = {"update_id": number or next(numbers), **content}
        await front.handle(Update.de_json(raw, connection.bot))

    return receive


def photo(file_id="p2", size=500, **more):
    small = {"file_id": "p1", "file_unique_id": "a", "width": 90, "height": 90, "file_size": 10}
    large = {"file_id": file_id, "file_unique_id": "b", "width": 800, "height": 800}
    return {"photo": [small, {**large, "file_size": size}], **more}


def document(name="invoice.pdf", content_type="application/pdf", size=4):
    described = {"file_id": "d1", "file_unique_id": "d", "file_size": size}
    return {"document": {**described, "file_name": name, "mime_type": content_type}}


async def test_a_message_is_handed_in_with_all_that_telegram_knows(receive, inbox):
    await receive(message(ANN, "Where is my parcel?", name="Ann Lee", number=9))

    [inbound] = inbox.messages
    assert inbound.channel == "telegram"
    assert inbound.external_id == f"{BOT_ID}:{ANN}:9"
    assert inbound.thread == inbound.sender.address == str(ANN)
    assert (inbound.sender.name, inbound.sender.language) == ("Ann Lee", "en")
    assert inbound.sender.verified
    assert inbound.text == "Where is my parcel?"
    assert inbound.dialogue
    assert inbound.sent_at == datetime.fromtimestamp(DATE, UTC)


@pytest.mark.parametrize(
    ("code", "language"), [("zh-hans", "zh"), ("zh", "zh"), ("en-GB", "en"), ("de", None)]
)
async def test_the_language_is_the_apps_where_we_speak_it(receive, inbox, code, language):
    await receive(message(ANN, "?", language=code))

    assert inbox.messages[0].sender.language == language


async def test_the_same_message_in_another_update_is_the_same(receive, inbox):
    content = message(ANN, "Hello")
    await receive(content, number=5)
    await receive(content, number=900_000)

    assert inbox.received == 2
    assert len(inbox.messages) == 1


async def test_an_edit_joins_as_a_message_of_its_own(receive, inbox):
    content = message(ANN, "two", number=9)
    await receive(content)
    await receive(edited(content, "three"), number=50)
    await receive(edited(content, "four"), number=51)

    assert inbox.texts(ANN) == ["two", "(edited) three", "(edited) four"]
    assert inbox.messages[1].external_id == f"{BOT_ID}:{ANN}:9:e50"


async def test_an_answer_names_the_message_it_answers(receive, inbox):
    earlier = message(ANN, "x", number=3)["message"]
    await receive(message(ANN, "Yes, this one", reply_to_message=earlier))

    assert inbox.messages[0].references == (f"{BOT_ID}:{ANN}:3",)


async def test_a_photo_is_fetched_in_its_largest_size(receive, inbox, server, runtime):
    server.files["p2"] = b"\xff\xd8 a picture"

    await receive(message(ANN, None, **photo(caption="Broken!")))

    [inbound] = inbox.messages
    [file] = inbound.attachments
    assert inbound.text == "Broken!"
    assert (file.name, file.content_type) == ("photo.jpg", "image/jpeg")
    assert await runtime.storage.load(file.key) == b"\xff\xd8 a picture"


async def test_a_document_keeps_its_name(receive, inbox, server):
    server.files["d1"] = b"%PDF"

    await receive(message(ANN, None, **document("发票.pdf")))

    assert [file.name for file in inbox.messages[0].attachments] == ["发票.pdf"]
    assert inbox.messages[0].text == ""


@pytest.mark.parametrize(
    ("more", "content_type"),
    [
        ({"voice": {"duration": 3}}, "audio/ogg"),
        ({"video": {"duration": 3, "width": 9, "height": 9}}, "video/mp4"),
        ({"video_note": {"duration": 3, "length": 9}}, "video/mp4"),
        ({"audio": {"duration": 3}}, "audio/mpeg"),
    ],
)
async def test_sound_and_film_are_fetched(receive, inbox, server, more, content_type):
    server.files["f"] = b"content"
    [(kind, described)] = more.items()

    described |= {"file_id": "f", "file_unique_id": "u"}
    await receive(message(ANN, None, **{kind: described}))

    assert [file.content_type for file in inbox.messages[0].attachments] == [content_type]


@pytest.mark.parametrize(
    ("file", "note"),
    [
        (document(size=LARGEST + 1), "(a file was too large to be accepted: invoice.pdf)"),
        (document("x.exe", "application/x-msdownload"), "not accepted: x.exe)"),
        (document(), "(a file could not be fetched: invoice.pdf)"),  # the server has no such file
    ],
)
async def test_a_file_that_cannot_be_had_leaves_a_note(receive, inbox, file, note):
    await receive(message(ANN, None, caption="The invoice", **file))

    [inbound] = inbox.messages
    assert inbound.text.startswith("The invoice\n")
    assert inbound.text.endswith(note)
    assert inbound.attachments == ()


async def test_a_file_that_is_larger_than_it_said_leaves_a_note(receive, inbox, server, runtime):
    server.files["d1"] = b"x" * (runtime.settings.attachments.max_bytes + 1)

    await receive(message(ANN, None, **document(size=4)))

    assert inbox.texts(ANN) == ["(a file was too large to be accepted: invoice.pdf)"]


async def test_a_second_try_may_fetch_the_file(receive, inbox, server):
    server.files["d1"] = b"%PDF"
    server.fail("getFile", 500, "Internal Server Error")

    await receive(message(ANN, None, **document()))

    assert len(inbox.messages[0].attachments) == 1


async def test_files_of_a_message_that_is_here_already_are_not_kept(receive, server, tmp_path):
    server.files["d1"] = b"%PDF"
    content = message(ANN, None, **document())
    await receive(content)
    await receive(content)

    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (
            {"location": {"latitude": 48.2, "longitude": 16.37}},
            "(location) 48.200000,16.370000\n"
            "https://www.openstreetmap.org/?mlat=48.200000&mlon=16.370000",
        ),
        (
            {"contact": {"phone_number": "+43123", "first_name": "Bo", "user_id": BO}},
            "(contact) Bo, +43123",
        ),
        (
            {
                "sticker": {
                    "file_id": "s",
                    "file_unique_id": "s",
                    "width": 1,
                    "height": 1,
                    "is_animated": False,
                    "is_video": False,
                    "type": "regular",
                    "emoji": "👍",
                }
            },
            "(sticker 👍)",
        ),
        (
            {"dice": {"emoji": "🎲", "value": 3}},
            "(sent something this chat cannot show: dice)",
        ),
        ({}, "(sent something this chat cannot show: ?)"),
    ],
)
async def test_what_has_no_words_is_put_into_words(receive, inbox, more, text):
    await receive(message(ANN, None, **more))

    assert inbox.texts(ANN) == [text]


async def test_a_number_shared_as_ones_own_is_the_customers_phone(receive, inbox):
    shared = {"phone_number": "+43123", "first_name": "Ann", "user_id": ANN}
    await receive(message(ANN, None, contact=shared))
    await receive(message(ANN, None, contact={**shared, "user_id": BO}))

    assert [inbound.sender.phone for inbound in inbox.messages] == ["+43123", None]


async def test_telegrams_own_notices_are_not_messages(receive, inbox):
    await receive(message(ANN, None, pinned_message=message(ANN, "x")["message"]))

    assert inbox.messages == []


@pytest.mark.parametrize(
    ("text", "button"),
    [("/human", "human"), ("/complaint@desk_bot", "complaint"), ("/start", None), ("/x", None)],
)
async def test_commands_of_the_dialogue_are_its_buttons(receive, inbox, text, button):
    await receive(message(ANN, text))

    assert [(inbound.text, inbound.button) for inbound in inbox.messages] == [(text, button)]


async def test_a_pressed_button_reads_like_its_label(receive, inbox, server, runtime):
    data = token(runtime.secret, chat=str(ANN), value="complaint")
    keyboard = {"inline_keyboard": [[{"text": "I have a complaint", "callback_data": data}]]}
    shown = message(ANN, "How can we help?", reply_markup=keyboard)["message"]

    await receive(pressed(ANN, shown, data, query="q9"))
    await receive(pressed(ANN, shown, data, query="q9"))

    [inbound] = inbox.messages
    assert (inbound.text, inbound.button) == ("I have a complaint", "complaint")
    assert inbound.external_id == f"{BOT_ID}:{ANN}:bq9"
    assert len(server.called("answerCallbackQuery")) == 2


async def test_a_button_we_did_not_offer_is_out_of_date(receive, inbox, server):
    shown = message(ANN, "?")["message"]

    await receive(pressed(ANN, shown, "claim:1", language="zh-hans"))

    [answer] = server.called("answerCallbackQuery")
    assert answer.parameters["text"] == "此按钮已失效。"
    assert inbox.messages == []


async def test_a_press_that_is_too_old_to_answer_counts_all_the_same(
    receive, inbox, server, runtime
):
    data = token(runtime.secret, chat=str(ANN), value="human")
    server.fail("answerCallbackQuery", 400, "Bad Request: query is too old")

    await receive(pressed(ANN, message(ANN, "?")["message"], data))

    assert [inbound.button for inbound in inbox.messages] == ["human"]


async def test_messages_in_groups_are_not_customers(receive, inbox):
    await receive(message(ANN, "Lunch?", chat=-100))

    assert inbox.messages == []


async def test_other_bots_are_not_customers(receive, inbox):
    content = message(ANN, "spam")
    content["message"]["from"]["is_bot"] = True

    await receive(content)

    assert inbox.messages == []


async def test_an_update_that_could_not_be_kept_is_not_handled(receive, inbox, server, tmp_path):
    inbox.broken = Unavailable()
    server.files["d1"] = b"%PDF"

    with pytest.raises(Unavailable):
        await receive(message(ANN, None, **document()))

    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


async def test_a_slow_file_keeps_its_place_in_the_chat_and_holds_up_no_other(
    receive, inbox, server
):
    server.files["d1"] = b"%PDF"
    server.downloads.clear()
    slow = asyncio.create_task(receive(message(ANN, None, caption="first", **document())))
    await server.until(lambda: server.called("getFile"))
    later = asyncio.create_task(receive(message(ANN, "second")))
    await receive(message(BO, "from another chat"))
    assert [inbound.thread for inbound in inbox.messages] == [str(BO)]

    server.downloads.set()
    await asyncio.gather(slow, later)

    assert inbox.texts(ANN) == ["first", "second"]


async def test_fifty_messages_at_once_keep_their_order_in_each_of_ten_chats(receive, inbox):
    contents = [message(chat, str(i)) for i in range(50) for chat in range(1, 11)]

    await asyncio.gather(*(receive(content) for content in contents))

    for chat in range(1, 11):
        assert inbox.texts(chat) == [str(i) for i in range(50)]
