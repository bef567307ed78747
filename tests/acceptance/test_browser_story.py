"""The main job in two real browsers: a customer in the shop, an agent at the desk."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from contact_center.agents.models import Role
from contact_center.deliveries.models import Delivery
from contact_center.web.passwords import Passwords
from scheduler import sweeps
from scheduler.digests import send_due_digests
from tests.support.browser import PATIENCE, a_browser, new_page
from tests.support.factories import make_agent
from tests.support.house import House, open_house

PASSWORD = "long enough to be safe"
expect.set_options(timeout=PATIENCE)


@pytest.fixture
async def house(tmp_path, database_url, monkeypatch):
    async with open_house(tmp_path, database_url=database_url, monkeypatch=monkeypatch) as house:
        yield house


@pytest.fixture
async def browser():
    async with a_browser() as browser:
        yield browser


@pytest.mark.browser
async def test_a_customer_is_answered_asked_sent_back_and_satisfied(house: House, browser) -> None:
    await add_agent(house, "li@example.com", "Li Wei", Role.AGENT)
    await add_agent(house, "ma@example.com", "Ma Lin", Role.MANAGER, digest_hour=8)
    customer, agent = await new_page(browser), await new_page(browser)

    await open_chat(customer, house.url)
    await write(customer, "My parcel 4711 has not arrived")
    await expect(chat(customer)).to_contain_text("A colleague takes over")
    await log_in(agent, house.url, "li@example.com")
    await claim_from_queue(agent, house.url, "My parcel 4711 has not arrived")
    await talk(customer, agent)

    await resolve(agent)
    await ask_customers(house)
    await rate(customer, "1")
    await is_now(agent, "open")
    await expect(agent.locator("#head")).to_contain_text("Li Wei")

    await resolve(agent)
    await ask_customers(house)
    await rate(customer, "5")
    await expect(chat(customer)).to_contain_text("Thank you!")
    await is_now(agent, "closed")

    digest = await digest_of_tomorrow(house)
    for line in ("Came in: 1\n", "Resolved: 1 (1 reopened)\n", "2 scores", "Open now: 0\n"):
        assert line in digest, digest


async def add_agent(
    house: House, email: str, name: str, role: Role, *, digest_hour: int | None = None
) -> None:
    passwords = Passwords()
    password_hash = await passwords.hash(PASSWORD)
    passwords.close()
    async with house.runtime.db.begin() as session:
        await make_agent(
            session,
            now=house.runtime.now(),
            email=email,
            name=name,
            role=role,
            digest_hour=digest_hour,
            password_hash=password_hash,
        )


async def open_chat(page: Page, url: str) -> None:
    await page.goto(f"{url}/shop")
    await page.get_by_role("button", name="Chat").first.click()


def chat(page: Page):
    return page.get_by_role("log")


async def write(page: Page, text: str) -> None:
    box = page.get_by_placeholder("Write a message…")
    await box.fill(text)
    await box.press("Enter")
    await expect(chat(page)).to_contain_text(text)


async def rate(page: Page, score: str) -> None:
    for label in ("Yes, solved", score):  # the latest of the quick replies with this label
        await page.get_by_role("button", name=label, exact=True).last.click()


async def log_in(page: Page, url: str, email: str) -> None:
    await page.goto(f"{url}/desk/login")
    await page.fill("input[name=email]", email)
    await page.fill("input[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/queues/**")


async def claim_from_queue(page: Page, url: str, subject: str) -> None:
    await page.goto(f"{url}/desk/queues/unclaimed")
    await page.get_by_role("link", name=subject).click()
    await page.locator("#claim").click()
    await is_now(page, "open")


async def talk(customer: Page, agent: Page) -> None:
    """Each sees the other's words without doing anything for it."""
    await answer(agent, "I am looking for it, Ann.")
    await expect(chat(customer)).to_contain_text("I am looking for it, Ann.")
    await expect(customer.locator("body")).to_contain_text("Li Wei")
    await write(customer, "Thank you, I am waiting.")
    await expect(agent.locator("#said")).to_contain_text("Thank you, I am waiting.")


async def answer(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#said")).to_contain_text(text)


async def resolve(page: Page) -> None:
    await page.locator("[data-open=resolve]").click()
    await page.locator("dialog[open] button.primary").click()
    await is_now(page, "resolved")


async def is_now(page: Page, status: str) -> None:
    await expect(page.locator("#head")).to_have_attribute("data-status", status)


async def digest_of_tomorrow(house: House) -> str:
    """What the manager will read about today."""
    tomorrow = (house.runtime.now() + timedelta(days=1)).replace(hour=9)
    assert await send_due_digests(replace(house.runtime, now=lambda: tomorrow)) == 1
    async with house.runtime.db.read() as session:
        digest = await session.scalar(select(Delivery).where(Delivery.kind == "digest"))
    return digest.payload["text"]


async def ask_customers(house: House) -> None:
    await sweeps.plan_callbacks(house.runtime)
    await sweeps.make_callbacks(house.runtime)
