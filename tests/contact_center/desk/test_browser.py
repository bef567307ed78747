"""The desk in a real browser."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from contact_center.agents.models import Role
from contact_center.app import build_app
from contact_center.bus import Bus
from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.events.rules import agent as agent_actor
from contact_center.handovers.actions import requests
from contact_center.handovers.models import HandoverKind
from contact_center.knowledge.actions import add_canned_reply
from contact_center.settings import HandoverSettings
from contact_center.supervision.actions import order
from contact_center.supervision.models import Cause
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import TransferReason
from contact_center.tickets.queries import lock_ticket
from tests.contact_center.desk.conftest import Desk, Login, build_runtime, taking_in
from tests.support.browser import a_browser, new_context

pytestmark = pytest.mark.browser

Open = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest.fixture
async def live(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """Time passes here: countdowns and heartbeats are what is looked at."""
    bus = Bus()
    db = Database(database_url, on_commit=bus.publish)
    runtime = build_runtime(db, bus, now=utcnow, files=tmp_path / "files")
    async with taking_in(runtime), TestServer(build_app(runtime)) as server:
        desk = Desk(runtime, None)
        desk.url = str(server.make_url("")).rstrip("/")
        yield desk
    await db.dispose()


@pytest.fixture
async def open_page(live: Desk, chromium: Browser) -> AsyncIterator[Open]:
    contexts, problems = [], []

    async def open_(login: Login, path: str, *, width: int = 1280, height: int = 800) -> Page:
        context = await new_context(chromium, viewport={"width": width, "height": height})
        contexts.append(context)
        await context.add_cookies([{"name": "cc", "value": login.cookie, "url": live.url}])
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if is_refused(said) else None)
        await page.goto(live.url + path)
        return page

    yield open_
    for context in contexts:
        await context.close()
    assert problems == []


def is_refused(said) -> bool:
    return "Content Security Policy" in said.text


def row(page: Page, ticket_id: int):
    return page.locator(f"#t-{ticket_id}")


async def test_a_ticket_appears_by_itself_and_is_counted(live, open_page) -> None:
    page = await open_page(await live.hire("Ann"), "/desk/queues/unclaimed")
    await expect(page.get_by_text("Nobody is waiting for a first answer.")).to_be_visible()

    receipt = await live.arrive("Where is my parcel?", name="Carla")

    await expect(row(page, receipt.ticket_id)).to_contain_text("Where is my parcel?")
    await expect(page.locator("[data-count=unclaimed]")).to_have_text("1")
    await expect(page).to_have_title(re.compile(r"^\(1\) Unclaimed"))


async def test_what_one_claims_the_other_sees_go(live, open_page) -> None:
    ann, bob = await live.hire("Ann"), await live.hire("Bob")
    receipt = await live.arrive()
    first = await open_page(ann, "/desk/queues/unclaimed")
    second = await open_page(bob, "/desk/queues/unclaimed")

    await row(first, receipt.ticket_id).hover()
    await row(first, receipt.ticket_id).get_by_role("button", name="Claim").click()

    gone = row(second, receipt.ticket_id)
    await expect(gone).to_have_attribute("data-gone", "Claimed by Ann")
    await expect(gone).to_have_count(0)
    await expect(second.locator("[data-count=unclaimed]")).to_have_text("0")


async def test_nothing_moves_under_the_mouse(live, open_page) -> None:
    page = await open_page(await live.hire("Ann"), "/desk/queues/unclaimed")
    later = await live.arrive("later")
    await row(page, later.ticket_id).hover()
    before = await row(page, later.ticket_id).bounding_box()

    urgent = await live.arrive("now", priority="urgent")
    await page.get_by_role("button", name="1 new – show").wait_for()

    assert await row(page, later.ticket_id).bounding_box() == before
    await page.mouse.move(5, 5)
    await expect(page.locator(".row").first).to_have_id(f"t-{urgent.ticket_id}")


async def test_an_answer_is_drafted_kept_and_sent(live, open_page) -> None:
    await live.arrive(name="Carla")
    page = await open_page(await live.hire("Ann"), "/desk/tickets/1")
    await page.keyboard.press("r")
    await page.keyboard.type("We are looking into it.")
    await page.reload()
    await expect(page.locator("#text")).to_have_value("We are looking into it.")

    await page.locator("#text").press("Control+Enter")

    await expect(page.locator(".said.agent")).to_contain_text("We are looking into it.")
    await expect(page.locator("#text")).to_have_value("")
    await expect(page.locator(".facts .person").first).to_have_text("Ann")
    await expect(page.locator(".said.agent")).to_have_count(1)


async def test_send_and_wait_for_the_customer(live, open_page) -> None:
    await live.arrive()
    page = await open_page(await live.hire("Ann"), "/desk/tickets/1")
    await page.locator("#text").fill("Which order is it?")

    await page.get_by_role("button", name="More ways to send").click()
    await page.get_by_role("button", name="Send and wait for the customer").click()

    await expect(page.locator("#head .status")).to_have_text("Waiting for customer")


async def test_colleagues_see_each_other_and_what_the_customer_writes(live, open_page) -> None:
    ann, bob = await live.hire("Ann"), await live.hire("Bob")
    await live.arrive("hello", address="c")
    first = await open_page(ann, "/desk/tickets/1")
    second = await open_page(bob, "/desk/tickets/1")
    await expect(first.locator("#company")).to_have_text("Bob also looks at this ticket")
    await expect(second.locator("#company")).to_have_text("Ann also looks at this ticket")

    await second.locator("#text").press_sequentially("Dear customer")
    await expect(first.locator("#company")).to_have_text("Bob is writing…")
    await live.arrive("one more thing", address="c")

    await expect(first.locator(".said.customer").last).to_contain_text("one more thing")


async def test_who_comes_second_reads_who_was_first(live, open_page) -> None:
    ann, bob = await live.hire("Ann"), await live.hire("Bob")
    await live.arrive()
    page = await open_page(bob, "/desk/tickets/1")
    await page.route("**/live/**", lambda route: route.abort())
    await page.reload()
    await live.claim(1, ann)

    await page.keyboard.press("c")

    await expect(page.locator("#notice")).to_have_text("T-000001 is with Ann.")


async def test_everything_is_reached_by_keys(live, open_page) -> None:
    ann = await live.hire("Ann")
    await live.arrive("first", priority="urgent")
    await live.arrive("second")
    page = await open_page(ann, "/desk/queues/unclaimed")

    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/tickets/2")
    await page.keyboard.press("k")
    await page.wait_for_url("**/desk/tickets/1")
    await page.keyboard.press("c")
    await expect(page.locator("#head .status")).to_have_text("Open")
    await page.keyboard.press("t")
    await expect(page.locator("#transfer")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.wait_for_url("**/desk/queues/unclaimed")
    await page.keyboard.press("g")
    await page.keyboard.press("m")
    await page.wait_for_url("**/desk/queues/mine")
    await page.keyboard.press("/")
    await expect(page.locator("#find")).to_be_focused()


async def test_a_canned_reply_is_picked_with_the_keyboard(live, open_page) -> None:
    ann = await live.hire("Ann")
    await live.arrive(name="Carla")
    async with live.runtime.db.begin() as session:
        for shortcut, text in (("hello", "Dear {customer}"), ("refund", "It is on its way")):
            await add_canned_reply(
                session,
                values={"shortcut": shortcut, "title": shortcut, "text": text},
                by=agent_actor(ann.agent.id),
                now=utcnow(),
            )
    page = await open_page(ann, "/desk/tickets/1")

    await page.locator("#text").press_sequentially("/he")
    await expect(page.locator("#canned li:visible")).to_have_count(1)
    await page.keyboard.press("Enter")

    await expect(page.locator("#text")).to_have_value("Dear Carla")


async def test_a_page_that_was_cut_off_catches_up(live, open_page) -> None:
    page = await open_page(await live.hire("Ann"), "/desk/queues/unclaimed")
    first = await live.arrive("before")
    await expect(row(page, first.ticket_id)).to_be_visible()

    for window in list(live.runtime.bus._subscriptions["events"]):
        window.wake("closing")
    await page.context.set_offline(True)
    second = await live.arrive("meanwhile")
    await page.context.set_offline(False)

    await expect(row(page, second.ticket_id)).to_be_visible()


@pytest.mark.parametrize("path", ["/desk/queues/all", "/desk/tickets/1", "/desk/profile"])
async def test_pages_fit_on_a_telephone(live, open_page, path: str) -> None:
    ann = await live.hire("Ann-Sophie Kowalczyk-Brennermann-Featherstonehaugh", language="zh")
    await live.arrive("W" * 300, name="N" * 150, subject="S" * 300, address="a" * 200)
    page = await open_page(ann, path, width=390, height=844)

    wide = await page.evaluate(
        "[...document.querySelectorAll('main *')].filter((e) => e.checkVisibility()"
        " && e.getBoundingClientRect().right > innerWidth && !e.closest('.sr, .facts dd'))"
        ".map((e) => e.className || e.tagName)"
    )
    width = await page.evaluate("document.documentElement.scrollWidth")

    assert (width, wide if width > 390 else []) == (390, [])
    await page.get_by_role("button", name="菜单").click()
    await expect(page.get_by_role("link", name="待认领")).to_be_visible()


@pytest.mark.parametrize("path", ["/desk/supervision", "/desk/handovers", "/desk/tickets/1"])
async def test_lists_of_leads_fit_on_the_smallest_telephones(live, open_page, path: str) -> None:
    ann, bob = (
        await live.hire("Ann-Sophie Kowalczyk-Brennermann"),
        await live.hire("Bob", Role.LEAD),
    )
    await live.arrive("Hello", name="N" * 60, subject="S" * 120)
    now = utcnow()
    async with live.runtime.db.begin() as session:
        by = agent_actor(ann.agent.id)
        await tickets.claim(session, 1, by=by, now=now)
        terms = requests.Terms(calendar=ROUND_THE_CLOCK, settings=HandoverSettings())
        await requests.request(
            session,
            1,
            kind=HandoverKind.TRANSFER,
            to=bob.agent.id,
            reason=TransferReason.SKILL,
            note="It needs somebody who knows the machine",
            terms=terms,
            by=by,
            now=now,
        )
        await order(session, await lock_ticket(session, 1), cause=Cause.VIP, now=now)
    page = await open_page(bob, path, width=375, height=667)

    width = await page.evaluate(
        "Math.max(...[...document.querySelectorAll('table, .tools, html')]"
        ".map((e) => e.scrollWidth))"
    )

    assert width <= 375
    if path.endswith("1"):
        assert await page.get_by_label("Promised for").is_visible()


async def test_a_dead_stream_of_keys_is_no_shortcut_while_writing(live, open_page) -> None:
    await live.arrive()
    page = await open_page(await live.hire("Ann"), "/desk/tickets/1")

    await page.locator("#text").press_sequentially("gmcet?/")

    await expect(page.locator("#text")).to_have_value("gmcet?/")
    await expect(page).to_have_url(re.compile("/desk/tickets/1"))


STUB = """
  const page = () => document.documentElement.dataset; // where a test can wait for it
  window.shown = [];
  const { setItem } = Storage.prototype;
  Storage.prototype.setItem = function (name, value) {
    setItem.call(this, name, value);
    if (name.endsWith(":at")) page().listening = value;
  };
  window.Notification = class {
    static permission = localStorage.getItem("stub:permission") ?? "default";
    static async requestPermission() {
      window.Notification.permission = "granted";
      localStorage.setItem("stub:permission", "granted");
      return "granted";
    }
    constructor(title) {
      window.shown.push(title);
      window.last = this;
      page().shown = window.shown.length;
    }
    close() {}
  };
  document.hasFocus = () => false;
"""


async def test_notices_are_asked_for_shown_once_and_turned_off(live, open_page) -> None:
    ann = await live.hire("Ann")
    await live.arrive("first", address="c")
    await live.claim(1, ann)
    page = await open_page(ann, "/desk/profile")
    await page.context.add_init_script(STUB)
    await page.reload()
    await expect(page.get_by_text("Off in this browser.")).to_be_visible()

    async with page.expect_request("**/desk/live/notices?after=*"):
        await page.get_by_role("button", name="Turn on").click()
    await expect(page.get_by_text("On in this browser.")).to_be_visible()
    whole = page.locator("html")
    await expect(whole).to_have_attribute("data-listening", re.compile("."))
    await live.arrive("a secret", address="c")
    await expect(whole).to_have_attribute("data-shown", "1", timeout=15000)
    assert await page.evaluate("shown") == ["T-000001: the customer has answered"]

    await page.reload()  # another page takes over, and does not tell it again
    await live.arrive("another", address="c")
    await expect(whole).to_have_attribute("data-shown", "1", timeout=15000)
    async with page.expect_navigation(url="**/desk/tickets/1"):
        await page.evaluate("last.onclick()")

    await page.goto(live.url + "/desk/profile")
    await page.get_by_role("button", name="Turn off").click()
    await expect(page.get_by_text("Off in this browser.")).to_be_visible()
    assert (await page.evaluate("navigator.locks.query()"))["held"] == []
