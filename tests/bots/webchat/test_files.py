"""Files on their way in and out."""

import uuid
from typing import Any

import pytest
from aiohttp import web

from bots.webchat.files import attachment_view
from bots.webchat.front import FRONT
from bots.webchat.sniff import checked_type
from contact_center.db import Database
from contact_center.errors import Invalid
from contact_center.messages.models import Attachment
from tests.bots.webchat.conftest import PNG, Visitor
from tests.bots.webchat.desk import Desk, Inbox
from tests.support.fakes import FakeClock

ALLOWED = ["image/*", "text/*", "application/pdf"]


@pytest.fixture
def number() -> str:
    return str(uuid.uuid4())


async def sent_file(visitor: Visitor, number: str, content: bytes, **kind: str) -> dict[str, Any]:
    """A file that has been uploaded and sent, as the window is shown it."""
    answer = await visitor.uploads(content, message=number, **kind)
    assert answer.status == 201, await answer.text()
    await visitor.writes("see", id=number, files=[(await answer.json())["reference"]])
    async with visitor.listens() as stream:
        return dict((await stream.next("message"))["files"][0])


async def test_a_picture_can_be_shown_in_the_window(visitor: Visitor, number: str) -> None:
    file = await sent_file(visitor, number, PNG, name="茶.png")

    answer = await visitor.client.get(f"/chat/{file['url']}")

    assert await answer.read() == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == "inline; filename*=UTF-8''%E8%8C%B6.png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


async def test_what_is_no_picture_is_downloaded(visitor: Visitor, number: str) -> None:
    file = await sent_file(visitor, number, b"hello", name="a.txt", kind="text/plain")

    answer = await visitor.client.get(f"/chat/{file['url']}")

    assert answer.headers["Content-Disposition"].startswith("attachment")


async def test_a_link_expires(visitor: Visitor, number: str, clock: FakeClock) -> None:
    file = await sent_file(visitor, number, PNG)
    clock.advance(days=3)

    assert (await visitor.client.get(f"/chat/{file['url']}")).status == 404


async def test_the_files_of_notes_stay_inside(
    visitor: Visitor, desk: Desk, app: web.Application, chat_db: Database, clock: FakeClock
) -> None:
    await visitor.writes("where is my parcel")
    note = await desk.says(visitor.id, "see the file", note=True)
    async with chat_db.begin() as session:
        file = Attachment(
            message_id=note,
            storage_key="k",
            name="a.png",
            content_type="image/png",
            size=1,
            sha256="",
            created_at=clock(),
        )
        session.add(file)
        await session.flush()
        view = attachment_view(app[FRONT], file, now=clock().timestamp())

    answer = await visitor.client.get(f"/chat/{view['url']}")

    assert answer.status == 404
    assert (await answer.json())["detail"] == "this file is not for customers"


async def test_a_guessed_link_leads_nowhere(visitor: Visitor) -> None:
    assert (await visitor.client.get("/chat/files/v1.eyJpZCI6MX0.x")).status == 404


async def test_a_file_counts_only_in_the_message_it_was_uploaded_for(
    visitor: Visitor, number: str
) -> None:
    reference = (await (await visitor.uploads(PNG, message=number)).json())["reference"]

    answer = await visitor.post("messages", id=str(uuid.uuid4()), files=[reference])

    assert answer.status == 422


async def test_nobody_sends_the_file_of_another_visitor(visitor: Visitor, number: str) -> None:
    reference = (await (await visitor.uploads(PNG, message=number)).json())["reference"]
    other = await Visitor(visitor.client).open()

    assert (await other.post("messages", id=number, files=[reference])).status == 422


async def test_a_file_named_twice_is_attached_once(
    visitor: Visitor, number: str, inbox: Inbox
) -> None:
    reference = (await (await visitor.uploads(PNG, message=number)).json())["reference"]

    await visitor.writes("", id=number, files=[reference, reference])

    assert len(inbox.received[0].attachments) == 1


async def test_a_message_carries_a_limited_number_of_files(visitor: Visitor, number: str) -> None:
    reference = (await (await visitor.uploads(PNG, message=number)).json())["reference"]

    assert (await visitor.post("messages", id=number, files=[reference] * 4)).status == 422


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"<script>", "image/png", 422),
        (b"<svg onload=alert(1)>", "image/svg+xml", 422),
        (b"<html>", "text/html", 422),
        (b"MZ", "application/x-msdownload", 422),
        (b"", "text/plain", 422),
        (PNG + b"x" * 60_000, "image/png", 413),
        (b"x" * 200_000, "text/plain", 413),
    ],
)
async def test_what_is_not_accepted_is_refused(
    visitor: Visitor, number: str, content: bytes, kind: str, status: int
) -> None:
    answer = await visitor.uploads(content, kind=kind, message=number)

    assert answer.status == status


async def test_a_refused_file_leaves_nothing_behind(
    visitor: Visitor, number: str, tmp_path: Any
) -> None:
    await visitor.uploads(PNG + b"x" * 60_000, message=number)

    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("message", ["", "17"])
async def test_a_file_needs_a_message(visitor: Visitor, message: str) -> None:
    assert (await visitor.uploads(PNG, message=message)).status == 422


async def test_a_file_comes_as_a_form(visitor: Visitor, number: str) -> None:
    path = f"/chat/files?message={number}"
    for data, kind in ((b"x", "image/png"), (b"x", "multipart/form-data; boundary=y")):
        headers = {**visitor.headers, "Content-Type": kind}
        answer = await visitor.client.post(path, data=data, headers=headers)

        assert answer.status in (400, 422)


async def test_a_stranger_stores_nothing(visitor: Visitor, number: str) -> None:
    visitor.session["token"] = "v1.e30.x"

    assert (await visitor.uploads(PNG, message=number)).status == 401


@pytest.mark.parametrize(
    ("claimed", "head", "kept_as"),
    [
        ("image/png", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("text/plain", b"%PDF-1.7", "application/pdf"),
        ("image/webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ("image/heic", b"\0\0\0\x18ftypheic", "image/heic"),
        ("Text/CSV ", b"a;b", "text/csv"),
    ],
)
def test_the_bytes_know_better_than_the_sender(claimed: str, head: bytes, kept_as: str) -> None:
    assert checked_type(claimed, head, allowed=ALLOWED) == kept_as


@pytest.mark.parametrize("claimed", ["application/pdf", "image/gif"])
def test_a_disguise_is_refused(claimed: str) -> None:
    with pytest.raises(Invalid, match="not a real"):
        checked_type(claimed, b"#!/bin/sh", allowed=ALLOWED)
