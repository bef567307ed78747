"""What customers and service agents do in a browser, as they would do it."""

from playwright.async_api import Locator, Page, expect

from contact_center.agents.models import Agent, Role
from contact_center.web.passwords import Passwords
from scheduler import sweeps
from tests.support.factories import make_agent
from tests.support.house import House

PASSWORD = "long enough to be safe"


async def hire(
    house: House, email: str, name: str, role: Role = Role.AGENT, **fields: object
) -> Agent:
    passwords = Passwords()
    password_hash = await passwords.hash(PASSWORD)
    passwords.close()
    values = {"email": email, "name": name, "role": role, "password_hash": password_hash}
    async with house.runtime.db.begin() as session:
        return await make_agent(session, now=house.runtime.now(), **values, **fields)


# The customer


async def open_chat(page: Page, url: str) -> None:
    await page.goto(f"{url}/shop")
    await page.get_by_role("button", name="Chat").first.click()


def chat(page: Page) -> Locator:
    return page.get_by_role("log")


async def write(page: Page, text: str) -> None:
    box = page.get_by_placeholder("Write a message…")
    await box.fill(text)
    await box.press("Enter")
    await expect(chat(page)).to_contain_text(text)


async def rate(page: Page, score: str) -> None:
    for label in ("Yes, solved", score):  # the latest of the quick replies with this label
        await page.get_by_role("button", name=label, exact=True).last.click()


async def ask_customers(house: House) -> None:
    await sweeps.plan_callbacks(house.runtime)
    await sweeps.make_callbacks(house.runtime)


# The agents


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
