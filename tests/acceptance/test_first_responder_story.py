"""G27: who answers first answers for it to the end, whoever works on it meanwhile.

A customer and four colleagues, each in a browser of their own that is never reloaded.
"""

import re
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlalchemy import select

from contact_center.agents.models import Agent, TeamMember
from contact_center.events.queries import ticket_events
from contact_center.events.rules import agent as actor
from contact_center.tickets.models import Status, Ticket
from tests.support.browser import new_page
from tests.support.factories import make_team
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

ASKED = "My line is dead since Monday"


@dataclass(frozen=True, slots=True)
class Cast:
    """The pages, and who sits at them."""

    house: House
    customer: Page
    li: Page
    wang: Page
    billing: Page
    network: Page
    owner: Agent


@pytest.fixture
async def cast(house: House, browser: Browser) -> Cast:
    li = await hire(house, "li@example.com", "Li Wei")
    await hire(house, "wang@example.com", "王芳", language="zh", languages=["zh", "en"])
    for name, team in (("Bella", "Billing"), ("Ned", "Network")):
        agent = await hire(house, f"{name.lower()}@example.com", name)
        await found_team(house, team, agent)
    pages = [await new_page(browser) for _ in range(5)]
    for page, name in zip(pages[1:], ("li", "wang", "bella", "ned"), strict=True):
        await log_in(page, house.url, f"{name}@example.com")
    return Cast(house, *pages, owner=li)


@pytest.mark.browser
async def test_g27_the_first_responder_answers_for_it_to_the_end(cast: Cast) -> None:
    await open_chat(cast.customer, cast.house.url)
    await write(cast.customer, ASKED)
    await expect(chat(cast.customer)).to_contain_text("A colleague takes over")
    await claim_from_queue(cast.li, cast.house.url, ASKED)
    await answer(cast.li, "I am looking into it.")
    await expect(chat(cast.customer)).to_contain_text("I am looking into it.")

    await wang_takes_the_next_step(cast)
    await billing_returns_what_network_then_does(cast)
    await nothing_is_resolved_by_it(cast)
    await only_li_has_the_last_word(cast)
    await the_customer_confirms(cast)
    await everything_is_told(cast)


async def wang_takes_the_next_step(cast: Cast) -> None:
    li, wang = cast.li, cast.wang
    await li.get_by_role("button", name="Transfer").click()
    asking = li.locator("#transfer")
    await asking.locator("[name=to]").select_option(label="王芳 · Online")
    await asking.locator("[name=reason]").select_option(value="skill")
    await asking.locator("[name=note]").fill("You know about lines")
    await asking.get_by_role("button", name="Transfer").click()
    await expect(li.locator("#head")).to_contain_text("王芳 is asked to take it over")

    await expect(wang.locator("[data-count=handovers]")).to_have_text("1")  # by itself
    await wang.get_by_role("link", name=re.compile("^移交")).click()
    await expect(wang.locator("#inbox")).to_contain_text("You know about lines")
    await wang.locator("#inbox").get_by_role("button", name="接受").click()
    await wang.wait_for_url("**/desk/tickets/*")

    for page in (li, wang):
        await people(page, owner="Li Wei", assignee="王芳")


async def billing_returns_what_network_then_does(cast: Cast) -> None:
    await wang_asks_billing(cast.wang)
    for page in (cast.li, cast.wang):
        await is_now(page, "waiting_department")

    card = await on_the_board(cast.billing)
    giving_back = await unfold(card, "return")
    await giving_back.locator("[name=team]").select_option(label="Network")
    await giving_back.locator("[name=text]").fill("All bills are paid: ask the line's people")
    await giving_back.get_by_role("button", name="Return").click()
    await expect(column(cast.billing, "Returned")).to_contain_text("W-000001")

    for page in (cast.li, cast.wang):
        await expect(order(page)).to_contain_text("All bills are paid")
        await is_now(page, "open")
    sending = await unfold(order(cast.wang), "redirect")
    await expect(sending.locator("option:checked")).to_have_text("Network")  # as suggested
    await sending.get_by_role("button").click()
    await expect(order(cast.wang)).to_contain_text("Network")

    card = await on_the_board(cast.network)
    await card.get_by_role("button", name="Sign").click()
    finishing = await unfold(card, "finish")
    await finishing.locator("[name=text]").fill("The cable is replaced")
    await finishing.get_by_role("button", name="Finish").click()
    await expect(column(cast.network, "Finished, to be verified")).to_contain_text("W-000001")


async def nothing_is_resolved_by_it(cast: Cast) -> None:
    for page, state in ((cast.li, "Finished"), (cast.wang, "已办结")):
        await expect(order(page)).to_contain_text("The cable is replaced")
        await expect(order(page)).to_contain_text(state)
        await is_now(page, "open")
        await people(page, owner="Li Wei", assignee="王芳")
    await expect(chat(cast.customer)).not_to_contain_text("The cable is replaced")


async def only_li_has_the_last_word(cast: Cast) -> None:
    li, wang = cast.li, cast.wang
    await answer(wang, "Your line works again.")
    await expect(chat(cast.customer)).to_contain_text("Your line works again.")
    await expect(order(wang).locator("form[hx-post$='/verify']")).to_have_count(0)
    await refused(wang, "W-000001 已办结，待负责人核实", "负责人对客户的答复")

    await (await unfold(order(li), "verify")).get_by_role("button", name="Verify").click()
    await expect(order(li)).to_contain_text("Verified")
    await refused(li, "The owner’s answer to the customer")

    await answer(li, "We have replaced the cable. Is all well now?")
    await resolve(li)
    await is_now(wang, "resolved")


async def the_customer_confirms(cast: Cast) -> None:
    await ask_customers(cast.house)
    await rate(cast.customer, "5")
    await expect(chat(cast.customer)).to_contain_text("Thank you!")
    for page in (cast.li, cast.wang):
        await is_now(page, "closed")
        await people(page, owner="Li Wei", assignee="王芳")


async def everything_is_told(cast: Cast) -> None:
    """On the page, in the log; and the owner has never been another."""
    for line in TOLD:
        await expect(cast.li.locator(".events")).to_contain_text(line)
    async with cast.house.runtime.db.read() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        events = await ticket_events(session, ticket.id)
    assert (ticket.owner_id, ticket.status) == (cast.owner.id, Status.CLOSED)
    assert [e for e in events if e.kind == "owner.changed"] == []
    assert {e.data["owner"] for e in events if e.data.get("owner")} == {cast.owner.id}
    [resolved] = [e for e in events if e.kind == "ticket.resolved"]
    assert resolved.actor == actor(cast.owner.id)


# What they do, and what they see


async def found_team(house: House, name: str, member: Agent) -> None:
    async with house.runtime.db.begin() as session:
        team = await make_team(session, now=house.runtime.now(), name=name)
        session.add(TeamMember(team_id=team.id, agent_id=member.id))


async def people(page: Page, *, owner: str, assignee: str) -> None:
    await expect(page.locator("#head .person")).to_have_text([owner, assignee])


def order(page: Page) -> Locator:
    return page.locator("#w-1")


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


async def unfold(card: Locator, step: str) -> Locator:
    """The form of a step that needs words."""
    form = f"form[hx-post*='/{step}']"
    unfolded = card.locator("details", has=card.page.locator(form))
    await unfolded.locator("summary").click()
    return unfolded.locator(form)


async def wang_asks_billing(wang: Page) -> None:
    await wang.get_by_role("button", name="更多", exact=True).click()
    await wang.get_by_role("button", name="派单给部门").click()
    asking = wang.locator("#work-order")
    await asking.locator("[name=team]").select_option(label="Billing")
    await asking.locator("[name=task]").fill("Is the line cut because of a bill?")
    await asking.locator("button.primary").click()
    await expect(order(wang)).to_contain_text("Billing")


async def on_the_board(page: Page) -> Locator:
    """A member of the team sees that there is something to do, and goes there."""
    await expect(page.locator("[data-count=work_orders]")).to_have_text("1")  # by itself
    await page.get_by_role("link", name=re.compile("^Work orders")).click()
    await expect(order(page)).to_be_visible()
    return order(page)


async def refused(page: Page, *reasons: str) -> None:
    """Resolving is, and the dialog says what is missing."""
    await page.locator("[data-open=resolve]").click()
    asking = page.locator("#resolve")
    await asking.locator("button.primary").click()
    for reason in reasons:
        await expect(asking.locator(".missing")).to_contain_text(reason)
    await asking.locator(".missing a").first.click()
    await expect(asking).to_be_hidden()
    await is_now(page, "open")


TOLD = (
    "Li Wei claimed the ticket; Li Wei answers for it",
    "Li Wei asked 王芳 to take over: Needs another skill",
    "王芳 accepted it",
    "王芳 issued W-000001 to Billing",
    "Bella (Billing) returned W-000001",
    "王芳 sent W-000001 to Network",
    "Ned signed W-000001",
    "Ned (Network) finished W-000001",
    "Li Wei verified W-000001",
    "Li Wei resolved it",
)
