"""A Bot API server on loopback, as strict as the real one about what matters here."""

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.support.patience import PATIENCE

TOKEN = "4242:AAfake-token"
BOT_ID = "4242"
DATE = 1_772_452_800  # noon of 2 March 2026

Json = dict[str, Any]


@dataclass
class Call:
    method: str
    parameters: Json
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)  # name, type, content

    @property
    def chat(self) -> str:
        return str(self.parameters.get("chat_id"))

    @property
    def buttons(self) -> list[tuple[str, str]]:
        """Label and callback data."""
        markup = json.loads(self.parameters.get("reply_markup", '{"inline_keyboard": []}'))
        return [(k["text"], k["callback_data"]) for row in markup["inline_keyboard"] for k in row]


class Refused(Exception):
    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.answer = {
            "ok": False,
            "error_code": status,
            "description": description,
            **({"parameters": parameters} if parameters else {}),
        }
        self.status = status


class FakeTelegram:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.updates: list[Json] = []
        self.files: dict[str, bytes] = {}  # by file id
        self.failures: dict[str, list[Refused]] = defaultdict(list)  # by method, used up in order
        self.blocked: set[str] = set()  # chats
        self.migrated: dict[str, int] = {}  # old chat → new chat
        self.downloads = asyncio.Event()  # cleared, file downloads wait
        self.downloads.set()
        self.webhook: Json = {}
        self.messages: dict[tuple[str, int], Json] = {}  # as they are shown now
        self.url = ""
        self._ids = itertools.count(1000)
        self._update_ids = itertools.count(1)
        self._changed = asyncio.Condition()
        self.polls = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeTelegram"]:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_get(f"/file/bot{TOKEN}/{{file_id}}", self._download)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    # What tests do

    async def push(self, content: Json) -> int:
        """Something happens in Telegram; returns the update's number."""
        update = {"update_id": next(self._update_ids), **content}
        async with self._changed:
            self.updates.append(update)
            self._changed.notify_all()
        return update["update_id"]

    async def bring(self, update: Json, *, secret: str | None = None) -> int:
        """Call the webhook; returns its status."""
        shown = self.webhook.get("secret_token", "") if secret is None else secret
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                self.webhook["url"],
                json=update,
                headers={"X-Telegram-Bot-Api-Secret-Token": shown},
            ) as response,
        ):
            return response.status

    def fail(self, method: str, status: int, description: str, **parameters: Any) -> None:
        self.failures[method].append(Refused(status, description, **parameters))

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def texts(self, chat: int | str) -> list[str]:
        """What was sent to a chat, in order."""
        sent = self.called("sendMessage")
        return [call.parameters["text"] for call in sent if call.chat == str(chat)]

    async def until(self, condition: Any, *, timeout: float = PATIENCE) -> None:
        """Wait until a condition on this server holds."""
        async with self._changed, asyncio.timeout(timeout):
            await self._changed.wait_for(condition)

    # The protocol

    async def _answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        try:
            if request.match_info["token"] != TOKEN:
                raise Refused(401, "Unauthorized")
            call = await _read(request, method)
            if method != "getUpdates":
                self.calls.append(call)
            if self.failures[method]:
                raise self.failures[method].pop(0)
            result = await getattr(self, _snake(method))(call)
        except Refused as refused:
            return web.json_response(refused.answer, status=refused.status)
        finally:
            async with self._changed:
                self._changed.notify_all()
        return web.json_response({"ok": True, "result": result})

    async def _download(self, request: web.Request) -> web.Response:
        await self.downloads.wait()
        content = self.files.get(request.match_info["file_id"])
        if content is None:
            raise web.HTTPNotFound
        return web.Response(body=content)

    async def _get_me(self, call: Call) -> Json:
        return {"id": int(BOT_ID), "is_bot": True, "first_name": "Desk", "username": "desk_bot"}

    async def _set_webhook(self, call: Call) -> bool:
        self.webhook = call.parameters
        return True

    async def _delete_webhook(self, call: Call) -> bool:
        self.webhook = {}
        return True

    async def _set_my_commands(self, call: Call) -> bool:
        return True

    async def _get_updates(self, call: Call) -> list[Json]:
        if self.webhook:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        offset = int(call.parameters.get("offset", 0))
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        self.polls += 1
        mine = self.polls
        async with self._changed:
            self._changed.notify_all()
            try:
                async with asyncio.timeout(float(call.parameters.get("timeout", 0))):
                    await self._changed.wait_for(lambda: self.updates or self.polls > mine)
            except TimeoutError:
                return []
        if self.polls > mine:
            raise Refused(409, "Conflict: terminated by other getUpdates request")
        return self.updates[: int(call.parameters.get("limit", 100))]

    async def _get_file(self, call: Call) -> Json:
        file_id = call.parameters["file_id"]
        return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_path": file_id}

    async def _send_message(self, call: Call) -> Json:
        text = call.parameters["text"]
        if not text.strip():
            raise Refused(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            raise Refused(400, "Bad Request: message is too long")
        return self._sent(call, text=text)

    async def _send_document(self, call: Call) -> Json:
        return self._sent(call)

    async def _send_photo(self, call: Call) -> Json:
        return self._sent(call)

    def _sent(self, call: Call, **content: Any) -> Json:
        if call.chat in self.migrated:
            new = self.migrated[call.chat]
            raise Refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=new)
        if call.chat in self.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if any(len(data.encode()) > 64 for _, data in call.buttons):
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
        number = next(self._ids)
        shown = {
            "message_id": number,
            "date": DATE,
            "chat": _chat(int(call.chat)),
            "from": {"id": int(BOT_ID), "is_bot": True, "first_name": "Desk"},
            **content,
        }
        if call.buttons:
            shown["reply_markup"] = json.loads(call.parameters["reply_markup"])
        self.messages[call.chat, number] = shown
        return shown

    async def _edit_message_text(self, call: Call) -> Json:
        shown = self.messages.get((call.chat, int(call.parameters["message_id"])))
        if shown is None:
            raise Refused(400, "Bad Request: message to edit not found")
        if shown.get("text") == call.parameters["text"]:
            raise Refused(400, "Bad Request: message is not modified")
        shown["text"] = call.parameters["text"]
        shown.pop("reply_markup", None)
        return shown

    async def _answer_callback_query(self, call: Call) -> bool:
        return True


def _snake(method: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in f"_{method}")


async def _read(request: web.Request, method: str) -> Call:
    call = Call(method, dict(request.query))
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            content = value.file.read()
            call.files[name] = (value.filename, value.content_type, content)
        else:
            call.parameters[name] = value
    return call


def _chat(chat: int) -> Json:
    return {"id": chat, "type": "private" if chat > 0 else "supergroup", "first_name": "Ann"}


# Updates, as Telegram words them


def user(number: int, name: str = "Ann Lee", language: str | None = "en") -> Json:
    first, _, last = name.partition(" ")
    found: Json = {"id": number, "is_bot": False, "first_name": first}
    return (
        found
        | ({"last_name": last} if last else {})
        | ({"language_code": language} if language else {})
    )


_message_ids = itertools.count(1)


def message(
    sender: int,
    text: str | None = None,
    *,
    chat: int | None = None,
    name: str = "Ann Lee",
    language: str | None = "en",
    number: int | None = None,
    **more: Any,
) -> Json:
    body: Json = {
        "message_id": next(_message_ids) if number is None else number,
        "date": DATE,
        "chat": _chat(sender if chat is None else chat),
        "from": user(sender, name, language),
        **more,
    }
    if text is not None:
        body["text"] = text
    return {"message": body}


def edited(original: Json, text: str) -> Json:
    return {"edited_message": {**original["message"], "text": text, "edit_date": DATE + 60}}


def pressed(
    sender: int, shown: Json, data: str, *, query: str = "q1", language: str = "en"
) -> Json:
    """A button below a message that the server shows."""
    return {
        "callback_query": {
            "id": query,
            "from": user(sender, language=language),
            "chat_instance": "1",
            "message": shown,
            "data": data,
        }
    }


def blocked(sender: int) -> Json:
    member = {"user": user(int(BOT_ID), "Desk", None)}
    return {
        "my_chat_member": {
            "chat": _chat(sender),
            "from": user(sender),
            "date": DATE,
            "old_chat_member": {"status": "member", **member},
            "new_chat_member": {"status": "kicked", "until_date": 0, **member},
        }
    }
