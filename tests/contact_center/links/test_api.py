import pytest
from sqlalchemy import select

from contact_center.customers.models import Customer
from contact_center.events.models import Event
from contact_center.messages.models import Author, Message
from tests.support.factories import customer_says, make_customer, make_ticket


@pytest.fixture
async def pair(db, clock):
    """Two tickets of one customer."""
    async with db.begin() as session:
        ann = await make_customer(session, now=clock())
        tickets = [await make_ticket(session, now=clock(), customer=ann) for _ in range(2)]
        for ticket in tickets:
            await customer_says(session, ticket, now=clock())
            await customer_says(session, ticket, "And another thing", now=clock())
    return tickets


def path(ticket, rest="") -> str:
    return f"/api/v1/tickets/{ticket.id}{rest}"


async def links(client, ticket) -> list[tuple[int, int, str]]:
    response = await client.get(path(ticket, "/links"))
    return [(link["ticket_id"], link["other_id"], link["kind"]) for link in await response.json()]


async def test_a_link_is_seen_from_both_tickets_until_it_is_taken_back(login, pair) -> None:
    li, (one, two) = await login(), pair
    body = {"other_id": one.id, "kind": "duplicate"}

    assert (await li.post(path(two, "/links"), json=body)).status == 201
    assert (await li.post(path(two, "/links"), json=body)).status == 409

    assert await links(li, one) == await links(li, two) == [(two.id, one.id, "duplicate")]
    assert (await li.delete(path(one, f"/links/{two.id}"))).status == 204
    assert (await li.delete(path(one, f"/links/{two.id}"))).status == 404
    assert await links(li, one) == []


@pytest.mark.parametrize("kind", ["merged", "split", "married"])
async def test_a_link_that_is_not_made_by_hand_is_refused(login, pair, kind) -> None:
    li, (one, two) = await login(), pair

    body = {"other_id": one.id, "kind": kind}
    assert (await li.post(path(two, "/links"), json=body)).status == 422


async def test_a_merge_answers_the_ticket_that_stays(login, pair) -> None:
    li, (one, two) = await login(), pair

    response = await li.put(path(two, "/merger"), json={"into": one.id})

    merged = await response.json()
    assert (merged["id"], merged["message_count"]) == (one.id, 4)
    gone = await (await li.get(path(two))).json()
    assert (gone["status"], gone["merged_into_id"]) == ("cancelled", one.id)
    assert await links(li, one) == [(two.id, one.id, "merged")]
    assert (await li.put(path(two, "/merger"), json={"into": one.id})).status == 409


async def test_a_split_answers_the_new_ticket(login, pair) -> None:
    li, (one, _) = await login(), pair
    said = (await (await li.get(path(one, "/messages"))).json())["items"]
    body = {"message_ids": [said[1]["id"]], "subject": "Another thing"}

    response = await li.post(path(one, "/splits"), json=body)

    part = await response.json()
    assert response.status == 201
    assert response.headers["Location"] == f"/api/v1/tickets/{part['id']}"
    assert (part["subject"], part["message_count"]) == ("Another thing", 1)
    assert (await li.post(path(one, "/splits"), json=body)).status == 422


async def test_a_customer_known_as_two_becomes_one(login, db, clock, pair) -> None:
    li, (one, _) = await login(), pair
    async with db.begin() as session:
        double = await make_customer(session, email="ann@example.com", note="VIP", now=clock())
        ticket = await make_ticket(session, now=clock(), customer=double)
        await customer_says(session, ticket, now=clock())

    response = await li.put(f"/api/v1/customers/{double.id}/merger", json={"into": one.customer_id})

    assert response.status == 204
    assert (await li.get(f"/api/v1/customers/{double.id}")).status == 404
    ann = await (await li.get(f"/api/v1/customers/{one.customer_id}")).json()
    assert (ann["email"], ann["note"]) == ("ann@example.com", "VIP")
    listed = await (await li.get("/api/v1/customers", params={"query": "ann@example"})).json()
    assert [customer["id"] for customer in listed["items"]] == [one.customer_id]
    shown = await (await li.get(path(ticket))).json()
    assert shown["customer"]["id"] == one.customer_id
    identities = await li.get(f"/api/v1/customers/{one.customer_id}/identities")
    assert len(await identities.json()) == 5
    async with db.read() as session:
        authors = await session.scalars(
            select(Message.author_id).where(Message.author == Author.CUSTOMER)
        )
        assert set(authors) == {one.customer_id}
        assert await session.get(Customer, double.id) is None
        event = await session.scalar(select(Event).where(Event.kind == "customer.merged"))
    assert event.data == {
        "customer_id": double.id,
        "into": one.customer_id,
        "identities": 2,
        "conversations": 1,
        "tickets": 1,
    }


async def test_a_blocked_customer_is_not_let_in_by_a_merge(login, db, clock, pair) -> None:
    li, (one, _) = await login(), pair
    async with db.begin() as session:
        bad = await make_customer(session, now=clock(), blocked_at=clock())
    url = f"/api/v1/customers/{bad.id}/merger"

    assert (await li.put(url, json={"into": one.customer_id})).status == 409
    assert (await li.put(url, json={"into": bad.id})).status == 422
    assert (await li.put(url, json={"into": 999})).status == 404


async def test_whom_a_complaint_is_about_changes_none_of_its_links(login, pair) -> None:
    li, lead, (one, two) = await login(), await login("lead"), pair
    about = {"about_agent_id": li.agent.id, "reason": "It says so"}
    assert (await lead.put(path(two, "/recusal"), json=about)).status == 204
    body = {"other_id": one.id, "kind": "related"}

    assert (await li.post(path(one, "/links"), json={"other_id": two.id})).status == 403
    assert (await lead.post(path(two, "/links"), json=body)).status == 201
    assert (await li.delete(path(one, f"/links/{two.id}"))).status == 403
    refused = await li.put(path(one, "/merger"), json={"into": two.id})

    assert refused.status == 403
    assert "somebody else handles it" in (await refused.json())["detail"]
    assert await links(lead, one) == [(two.id, one.id, "related")]
