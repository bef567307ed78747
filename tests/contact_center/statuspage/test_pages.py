from datetime import timedelta

import pytest

from contact_center.customers.queries import get_customer
from contact_center.events.rules import agent
from contact_center.links import actions as links
from contact_center.promises.models import Promise
from contact_center.tickets import actions as tickets
from tests.support.factories import make_agent, make_customer, make_ticket

TOKEN = "n0body-guesses-this-one-0123456789"


@pytest.fixture
async def owner(db, clock):
    async with db.begin() as session:
        return await make_agent(session, now=clock(), name="Ann Lee", email="ann@internal.example")


@pytest.fixture
async def ticket(db, clock, owner):
    async with db.begin() as session:
        customer = await make_customer(session, now=clock(), name="Bo", email="bo@example.com")
        ticket = await make_ticket(
            session,
            now=clock(),
            customer=customer,
            public_token=TOKEN,
            subject="My secret illness",
            facts={"order": "4711"},
        )
        await tickets.claim(session, ticket.id, by=agent(owner.id), now=clock())
    return ticket


async def test_it_tells_the_stage_the_owner_and_the_next_date(client, ticket, db, clock) -> None:
    async with db.begin() as session:
        session.add(
            Promise(
                ticket_id=ticket.id,
                text="call about the invoice",
                due_at=clock() + timedelta(days=2),
                promised_by_id=1,
                made_at=clock(),
            )
        )

    page = await client.get(f"/t/{TOKEN}")
    text = await page.text()

    assert page.status == 200
    assert ticket.reference in text
    assert "<h1>In progress</h1>" in text
    assert "Ann Lee" in text
    assert (clock() + timedelta(days=2)).isoformat() in text


async def test_it_tells_nothing_that_is_not_the_customers_to_know(client, ticket) -> None:
    text = await (await client.get(f"/t/{TOKEN}")).text()

    for secret in ("ann@internal", "bo@example", "secret illness", "4711", "claimed", "agent:"):
        assert secret not in text


async def test_it_speaks_the_tickets_language_or_the_one_chosen(client, ticket) -> None:
    english = await (await client.get(f"/t/{TOKEN}")).text()
    chinese = await (await client.get(f"/t/{TOKEN}?lang=zh")).text()

    assert '<html lang="en">' in english
    assert '<html lang="zh-CN">' in chinese
    assert "处理中" in chinese


@pytest.mark.parametrize(
    "token", ["x", "n0body-guesses-this-one-0123456780", "%E4%BD%A0", "a" * 399]
)
async def test_links_that_lead_nowhere_are_all_answered_alike(client, ticket, token) -> None:
    page, other = await client.get(f"/t/{token}"), await client.get("/t/another")

    assert page.status == other.status == 404
    assert await page.text() == await other.text()
    assert page.headers["X-Robots-Tag"] == other.headers["X-Robots-Tag"]


async def test_it_is_kept_out_of_indexes_caches_and_referrers(client, ticket) -> None:
    headers = (await client.get(f"/t/{TOKEN}")).headers

    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'self'" in headers["Content-Security-Policy"]


async def test_a_network_looks_sixty_times_a_minute(client, ticket) -> None:
    statuses = [(await client.get("/t/nothing")).status for _ in range(62)]

    assert statuses[:60] == [404] * 60
    assert statuses[61] == 429


async def test_a_merged_request_goes_on_as_the_one_it_went_into(client, ticket, db, clock) -> None:
    async with db.begin() as session:
        customer = await get_customer(session, ticket.customer_id)
        other = await make_ticket(session, now=clock(), customer=customer)
        lead = await make_agent(session, now=clock(), role="lead")
        await links.merge(session, ticket.id, into=other.id, by=agent(lead.id), now=clock())

    text = await (await client.get(f"/t/{TOKEN}")).text()

    assert other.reference in text
    assert ticket.reference not in text


async def test_its_files_are_served(client) -> None:
    style, script = (
        await client.get("/t/static/status.css"),
        await client.get("/t/static/status.js"),
    )

    assert style.content_type == "text/css"
    assert script.content_type == "text/javascript"
    assert (await client.get("/t/static/pages.py")).status == 404
