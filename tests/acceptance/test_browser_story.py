"""The main job in two real browsers: a customer in the shop, an agent at the desk."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from contact_center.agents.models import Role
from contact_center.deliveries.models import Delivery
from scheduler.digests import send_due_digests
from tests.support.browser import new_page
from tests.support.house import House
from tests.support.visits import (
    answer,
    ask_customers,
    chat,
    claim_from_queue,
    hire,
    is_now,
    log_in,
    open_chat,
    rate,
    resolve,
    write,
)


@pytest.mark.browser
async def test_a_customer_is_answered_asked_sent_back_and_satisfied(house: House, browser) -> None:
    await hire(house, "li@example.com", "Li Wei")
    await hire(house, "ma@example.com", "Ma Lin", Role.MANAGER, digest_hour=8)
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


async def talk(customer: Page, agent: Page) -> None:
    """Each sees the other's words without doing anything for it."""
    await answer(agent, "I am looking for it, Ann.")
    await expect(chat(customer)).to_contain_text("I am looking for it, Ann.")
    await expect(customer.locator("body")).to_contain_text("Li Wei")
    await write(customer, "Thank you, I am waiting.")
    await expect(agent.locator("#said")).to_contain_text("Thank you, I am waiting.")


async def digest_of_tomorrow(house: House) -> str:
    """What the manager will read about today."""
    tomorrow = (house.runtime.now() + timedelta(days=1)).replace(hour=9)
    assert await send_due_digests(replace(house.runtime, now=lambda: tomorrow)) == 1
    async with house.runtime.db.read() as session:
        digest = await session.scalar(select(Delivery).where(Delivery.kind == "digest"))
    return digest.payload["text"]
