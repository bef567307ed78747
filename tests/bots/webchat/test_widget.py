"""The chat window in a real browser, against the real server."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, FilePayload, Page, Route, expect

from bots.webchat.pages import STATIC
from tests.bots.webchat.conftest import PNG
from tests.bots.webchat.desk import Desk, Inbox
from tests.bots.webchat.test_sessions import identity
from tests.support.browser import a_browser, new_context
from tests.support.fakes import FakeClock

pytestmark = pytest.mark.browser
Hire = Callable[[str], Awaitable[int]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest.fixture
async def context(browser: Browser, server: TestServer) -> AsyncIterator[BrowserContext]:
    context = await new_context(browser, base_url=str(server.make_url("/")), locale="en-GB")
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await shop(context)


async def shop(context: BrowserContext, query: str = "") -> Page:
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page threw {error}"))
    await page.goto(f"/shop{query}")
    return page


class Chat:
    """The window, by what a customer sees and reads aloud."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.launcher = page.get_by_role("button", name=re.compile("^(Open|Close) chat")).first
        self.panel = page.get_by_role("dialog")
        self.box = page.get_by_role("textbox", name="Write a message")
        self.log = page.get_by_role("log")
        self.mine = page.locator(".row.me")

    async def open(self) -> "Chat":
        await self.page.locator(".launcher").click()
        await expect(self.panel).to_be_visible()
        return self

    async def write(self, text: str) -> None:
        await self.box.fill(text)
        await self.box.press("Enter")

    def shows(self, text: str) -> Any:
        return expect(self.log.get_by_text(text)).to_be_visible()


async def visitor_id(page: Page) -> str:
    stored = await page.evaluate(
        "Object.entries(localStorage).find(([key]) => key.endsWith(':session'))[1]"
    )
    return str(json.loads(stored)["visitor"])


async def test_a_customer_writes_and_is_answered(page: Page, desk: Desk, agent: Hire) -> None:
    chat = await Chat(page).open()
    await chat.shows("Hello, this is Tea & Co")

    await chat.write("Where is my parcel?")

    await chat.shows("Where is my parcel?")
    await chat.shows("A colleague takes over from here")
    await desk.says(
        await visitor_id(page),
        "It is on its way: https://x.example/t?a=1.",
        agent_id=await agent("Ann"),
    )
    link = chat.log.get_by_role("link", name="https://x.example/t?a=1")
    await expect(link).to_have_attribute("rel", re.compile("noopener"))
    await expect(chat.panel.locator(".sub")).to_contain_text("Ann takes care of you · ")
    link = chat.panel.get_by_role("link", name="T-000001")
    await expect(link).to_have_attribute("href", re.compile(r"/t/[A-Za-z0-9_-]{32}$"))


async def test_nothing_is_fetched_before_the_window_is_opened(context: BrowserContext) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))

    page = await shop(context)
    await expect(page.locator(".launcher")).to_be_visible()

    assert not [url for url in asked if re.search("/chat/(?!widget)", url)]


async def test_a_quick_reply_is_pressed_once(page: Page, inbox: Inbox) -> None:
    chat = await Chat(page).open()

    await chat.panel.get_by_role("button", name="I have a complaint").click()

    await chat.shows("We are sorry that something went wrong")
    await expect(chat.panel.get_by_role("button", name="My requests")).to_have_count(0)
    assert [message.button for message in inbox.received] == ["complaint"]


async def test_what_is_written_offline_is_sent_once_when_the_network_returns(
    page: Page, context: BrowserContext, inbox: Inbox
) -> None:
    chat = await Chat(page).open()
    await chat.shows("Hello, this is Tea & Co")
    await context.set_offline(True)

    await chat.write("Where is my parcel?")

    await expect(chat.panel.get_by_text("You are offline")).to_be_visible()
    await expect(chat.mine.get_by_text("Waiting for the network")).to_be_visible()
    assert inbox.received == []
    await context.set_offline(False)
    await chat.shows("A colleague takes over from here")
    await expect(chat.panel.get_by_text("You are offline")).to_be_hidden()
    assert [message.text for message in inbox.received] == ["Where is my parcel?"]
    await expect(chat.mine).to_have_count(1)


async def test_a_waiting_message_survives_closing_the_page_and_two_tabs(
    page: Page, context: BrowserContext, inbox: Inbox
) -> None:
    chat = await Chat(page).open()
    await chat.shows("Hello, this is Tea & Co")
    await context.route("**/chat/messages", lambda route: route.abort())
    await chat.write("Where is my parcel?")
    await expect(chat.mine).to_have_class(re.compile("waiting|failed"))
    await page.close()

    await context.unroute("**/chat/messages")
    one, two = await shop(context), await shop(context)

    for tab in (one, two):
        await Chat(tab).shows("A colleague takes over from here")
        await expect(Chat(tab).mine).to_have_count(1)
    assert len({message.external_id for message in inbox.received}) == 1


async def test_an_answer_lost_on_the_way_does_not_double_the_message(
    page: Page, context: BrowserContext, inbox: Inbox
) -> None:
    chat = await Chat(page).open()
    await chat.shows("Hello, this is Tea & Co")
    lost = []

    async def lose_the_first_answer(route: Any) -> None:
        if not lost:
            lost.append(await route.fetch())
            await route.abort()
        else:
            await route.continue_()

    await context.route("**/chat/messages", lose_the_first_answer)

    await chat.write("Where is my parcel?")

    await chat.shows("A colleague takes over from here")
    await expect(chat.mine).to_have_count(1)
    assert len({message.external_id for message in inbox.received}) == 1


async def test_a_refused_message_can_be_tried_again_or_deleted(
    page: Page, context: BrowserContext
) -> None:
    chat = await Chat(page).open()
    problem = {"title": "Invalid", "status": 422, "detail": "The text is not accepted."}
    await context.route("**/chat/messages", lambda route: route.fulfill(status=422, json=problem))
    await chat.write("Where is my parcel?")
    await expect(chat.mine.get_by_text("The text is not accepted.")).to_be_visible()
    await context.unroute("**/chat/messages")

    await chat.mine.get_by_role("button", name="Try again").click()

    await chat.shows("A colleague takes over from here")
    await expect(chat.mine.get_by_role("button", name="Delete")).to_have_count(0)


async def test_a_reload_resumes_the_conversation(page: Page, desk: Desk) -> None:
    chat = await Chat(page).open()
    await chat.write("Where is my parcel?")
    await chat.shows("A colleague takes over from here")
    visitor = await visitor_id(page)

    await page.reload()
    await desk.says(visitor, "It is on its way.")

    await chat.shows("Where is my parcel?")
    await chat.shows("It is on its way.")
    await expect(chat.mine).to_have_count(1)


async def test_a_broken_stream_comes_back_without_losing_or_doubling(
    page: Page, context: BrowserContext, desk: Desk
) -> None:
    chat = await Chat(page).open()
    await chat.write("Where is my parcel?")
    await chat.shows("A colleague takes over from here")
    visitor = await visitor_id(page)
    await context.set_offline(True)
    await expect(chat.panel.get_by_text("You are offline")).to_be_visible()
    await desk.says(visitor, "It is on its way.")

    await context.set_offline(False)

    await chat.shows("It is on its way.")
    await expect(page.locator(".row.agent")).to_have_count(1)


async def test_an_answer_that_came_while_the_window_was_closed_is_counted(
    page: Page, desk: Desk
) -> None:
    chat = await Chat(page).open()
    await chat.write("Where is my parcel?")
    await chat.shows("A colleague takes over from here")
    await page.keyboard.press("Escape")
    await expect(chat.panel).to_be_hidden()

    await desk.says(await visitor_id(page), "It is on its way.")

    await expect(page.get_by_role("button", name="Open chat, 1 unread messages")).to_be_visible()
    await chat.open()
    await expect(page.locator(".badge")).to_be_hidden()


async def test_everything_can_be_done_with_the_keyboard(page: Page) -> None:
    chat = Chat(page)
    await page.locator(".launcher").focus()
    await page.keyboard.press("Enter")
    await expect(chat.box).to_be_focused()

    await page.keyboard.type("first line")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second line")
    await page.keyboard.press("Enter")

    await expect(chat.mine.get_by_text("first line\nsecond line")).to_be_visible()
    await expect(chat.box).to_be_focused()
    await expect(chat.box).to_have_value("")
    await page.keyboard.press("Escape")
    await expect(chat.panel).to_be_hidden()
    await expect(page.locator(".launcher")).to_be_focused()


async def test_new_messages_are_read_aloud_and_old_ones_are_not(page: Page) -> None:
    chat = await Chat(page).open()

    await expect(chat.log).to_have_attribute("aria-live", "polite")
    await expect(page.locator(".launcher")).to_have_attribute("aria-expanded", "true")


async def test_a_customer_who_writes_before_the_window_is_ready_stays_one_visitor(
    page: Page, context: BrowserContext, inbox: Inbox
) -> None:
    held, answered = asyncio.Event(), []

    async def answer_late(route: Route) -> None:
        await held.wait()
        await route.continue_()

    page.on("response", lambda response: answered.append((response.url, response.status)))
    await context.route("**/chat/session", answer_late)
    async with page.expect_request("**/chat/session"):
        chat = await Chat(page).open()

    await chat.write("Where is my parcel?")
    await expect(chat.mine.get_by_text("Sending")).to_be_visible()
    held.set()

    await chat.shows("A colleague takes over from here")
    statuses = [status for url, status in answered if "/chat/" in url]
    assert 401 not in statuses
    assert [message.sender.address for message in inbox.received] == [await visitor_id(page)]


async def test_html_stays_text(page: Page, desk: Desk) -> None:
    chat = await Chat(page).open()
    await chat.write("<img src=x onerror=alert(1)>")
    await chat.shows("A colleague takes over from here")

    await desk.says(await visitor_id(page), "<b>bold</b> javascript:alert(1)")

    await chat.shows("<img src=x onerror=alert(1)>")
    await chat.shows("<b>bold</b> javascript:alert(1)")
    await expect(chat.log.get_by_role("link")).to_have_count(0)


async def test_a_picture_can_be_sent_and_is_shown(page: Page, inbox: Inbox) -> None:
    chat = await Chat(page).open()
    picture = FilePayload(name="cup.png", mimeType="image/png", buffer=tiny_png())
    await page.locator("input[type=file]").set_input_files(picture)
    await expect(page.locator(".chip")).to_have_text("cup.png")

    await page.get_by_role("button", name="Send").click()

    image = chat.log.get_by_role("img", name="cup.png")
    await expect(image).to_be_visible()
    await expect(image).to_have_js_property("naturalWidth", 2)
    assert inbox.received[0].attachments[0].name == "cup.png"


async def test_a_refused_file_says_why(page: Page) -> None:
    await Chat(page).open()
    fake = FilePayload(name="cup.png", mimeType="image/png", buffer=b"no picture")

    await page.locator("input[type=file]").set_input_files(fake)

    await expect(page.get_by_role("alert")).to_have_text("the file is not a real png file")
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()


async def test_on_a_phone_the_window_fills_the_screen(browser: Browser, server: TestServer) -> None:
    context = await new_context(
        browser,
        base_url=str(server.make_url("/")),
        viewport={"width": 390, "height": 780},
        has_touch=True,
    )
    page = await shop(context)
    chat = await Chat(page).open()

    assert await chat.panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 780}
    await expect(chat.panel).to_have_attribute("aria-modal", "true")
    await expect(page.locator(".launcher")).to_be_hidden()
    for _ in range(8):  # the focus stays inside what covers the page
        await page.keyboard.press("Tab")
        assert await page.evaluate(
            "document.activeElement.hasAttribute('data-contact-center-chat')"
        )
    await page.get_by_role("button", name="Close chat").click()
    await expect(chat.panel).to_be_hidden()
    await context.close()


async def test_it_speaks_chinese(context: BrowserContext) -> None:
    page = await shop(context, "?language=zh")
    await page.locator(".launcher").click()
    log = page.get_by_role("log")
    await expect(log.get_by_text("您好，这里是Tea & Co")).to_be_visible()

    await page.get_by_role("textbox", name="请输入消息").fill("我的包裹在哪里？")
    await page.keyboard.press("Enter")

    await expect(log.get_by_text("接下来由我们的同事为您服务")).to_be_visible()
    await expect(page.get_by_text("已收到，等待同事受理 · T-000001")).to_be_visible()


async def test_the_language_can_be_switched_while_it_is_open(page: Page) -> None:
    chat = await Chat(page).open()
    await chat.shows("Hello, this is Tea & Co")

    await page.get_by_role("button", name="中文").click()

    await expect(page.get_by_role("textbox", name="请输入消息")).to_be_visible()
    await expect(page.get_by_role("button", name="我要投诉")).to_be_visible()


@pytest.mark.parametrize("origins", [["*"]])
async def test_it_works_on_another_site_with_a_strict_policy(
    context: BrowserContext, server: TestServer
) -> None:
    chat_origin = str(server.make_url("")).rstrip("/")
    policy = (
        f"default-src 'none'; script-src {chat_origin}; "
        f"connect-src {chat_origin}; img-src {chat_origin}"
    )

    async def host(_: web.Request) -> web.Response:
        body = f"<!doctype html><p>Host</p><script src='{chat_origin}/chat/widget.js'></script>"
        headers = {"Content-Security-Policy": policy}
        return web.Response(text=body, content_type="text/html", headers=headers)

    other_site = web.Application()
    other_site.router.add_get("/", host)
    async with TestServer(other_site) as other:
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(str(other.make_url("/")))
        await use_the_chat(page)
        await page.close()
    assert [text for text in complaints if re.search("Security Policy|CORS", text)] == []


async def use_the_chat(page: Page) -> None:
    chat = await Chat(page).open()
    picture = FilePayload(name="cup.png", mimeType="image/png", buffer=tiny_png())
    await page.locator("input[type=file]").set_input_files(picture)
    await expect(page.locator(".chip.done")).to_be_visible()

    await chat.write("Where is my parcel?")

    await chat.shows("A colleague takes over from here")
    await expect(chat.log.get_by_role("img")).to_have_js_property("naturalWidth", 2)
    await expect(chat.panel).to_have_css("position", "fixed")


async def test_a_pasted_picture_is_attached(page: Page) -> None:
    chat = await Chat(page).open()
    await chat.box.evaluate(
        """(box, bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "cup.png", {type: "image/png"}));
            box.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
        }""",
        list(tiny_png()),
    )

    await expect(page.locator(".chip.done")).to_have_text("cup.png")


async def test_a_file_can_be_taken_out_again(page: Page) -> None:
    await Chat(page).open()
    fake = FilePayload(name="cup.png", mimeType="image/png", buffer=tiny_png())
    await page.locator("input[type=file]").set_input_files(fake)
    await expect(page.locator(".chip.done")).to_be_visible()

    await page.get_by_role("button", name="Remove cup.png").click()

    await expect(page.locator(".chip")).to_have_count(0)
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()


async def test_a_customer_who_logs_in_is_known(page: Page, clock: FakeClock, inbox: Inbox) -> None:
    await Chat(page).open()
    token = identity(clock)

    await page.evaluate("token => ContactCenterChat.setIdentity(token)", token)
    chat = Chat(page)
    await chat.write("Where is my parcel?")

    await chat.shows("A colleague takes over from here")
    assert inbox.received[0].sender.address == "user:42"


async def test_who_logs_in_while_the_window_is_opening_is_known(
    page: Page, context: BrowserContext, clock: FakeClock, inbox: Inbox
) -> None:
    held = asyncio.Event()

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        await held.wait()
        await route.fulfill(response=answer)

    await context.route("**/chat/session", answer_late)
    async with page.expect_request("**/chat/session"):
        chat = await Chat(page).open()

    await page.evaluate("token => ContactCenterChat.setIdentity(token)", identity(clock))
    held.set()
    await chat.write("Where is my parcel?")

    await chat.shows("A colleague takes over from here")
    assert inbox.received[0].sender.address == "user:42"


async def test_a_page_older_than_the_login_in_it_asks_to_be_loaded_again(
    page: Page, clock: FakeClock, inbox: Inbox
) -> None:
    await page.evaluate("token => ContactCenterChat.setIdentity(token)", identity(clock))
    chat = await Chat(page).open()
    await chat.shows("Hello, this is Tea & Co")
    clock.advance(days=2)

    await chat.write("Where is my parcel?")

    await expect(chat.panel.get_by_text("Please load this page again")).to_be_visible()
    assert inbox.received == []


async def test_the_window_of_a_customer_who_logged_out_is_empty(
    page: Page, context: BrowserContext
) -> None:
    chat = await Chat(page).open()
    await chat.write("Where is my parcel?")
    await chat.shows("A colleague takes over from here")

    await page.evaluate("ContactCenterChat.setIdentity(null)")

    await expect(chat.mine).to_have_count(0)


def test_the_widget_is_small() -> None:
    packed = gzip.compress((STATIC / "widget.js").read_bytes())

    assert len(packed) <= 25_000


def test_the_widget_needs_no_lenient_policy() -> None:
    source = (STATIC / "widget.js").read_text("utf-8")

    for forbidden in ("eval(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"):
        assert forbidden not in source


def tiny_png() -> bytes:
    """Two by two pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = zlib.compress(b"\0\xff\0\0\0\xff\0" * 2)
    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    return PNG[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
