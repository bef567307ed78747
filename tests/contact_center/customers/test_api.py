import pytest
from sqlalchemy import select

from contact_center.customers import queries
from contact_center.customers.models import Identity
from contact_center.events.models import Event
from tests.support.factories import make_customer

URL = "/api/v1/customers"


@pytest.fixture
async def ann(db, clock):
    async with db.begin() as session:
        return await make_customer(
            session, name="Ann 李小龙 Lee", email="ann@example.com", phone="+86 10 123", now=clock()
        )


async def found(client, **query) -> list[int]:
    response = await client.get(URL, params=query)
    assert response.status == 200, await response.text()
    return [customer["id"] for customer in (await response.json())["items"]]


@pytest.mark.parametrize(
    "query",
    [
        "ann",
        "LEE",
        "an le",
        "lee ann",
        "李",
        " ann 李 ",
        "小",
        "小龙",
        "李小龙",
        "ann@example.com",
        "ANN@Example.com",
        "example.com",
        "ann@ex",
        "+86 10 123",
    ],
)
async def test_a_customer_is_found_by_name_or_address(login, ann, query) -> None:
    assert await found(await login(), query=query) == [ann.id]


@pytest.mark.parametrize("query", ["bob", "%", "_", "\\", "nn", "龙小", "ann bob", "ann* OR bob"])
async def test_a_query_is_no_pattern(login, ann, query) -> None:
    assert await found(await login(), query=query) == []


async def test_a_customer_is_found_by_the_address_on_a_network(login, ann, db) -> None:
    async with db.read() as session:
        address = await session.scalar(select(Identity.address))

    li = await login()

    assert await found(li, query=address) == [ann.id]
    [identity] = await (await li.get(f"{URL}/{ann.id}/identities")).json()
    assert (identity["channel"], identity["address"]) == ("api", address)


async def test_an_edited_customer_is_found_by_the_new_name_only(login, ann) -> None:
    li = await login()

    edit = await li.patch(f"{URL}/{ann.id}", json={"name": "Beatrix", "phone": None})

    assert edit.status == 200
    assert await found(li, query="beatrix example") == [ann.id]
    assert await found(li, query="lee") == await found(li, query="123") == []


async def test_of_common_words_the_rarest_is_looked_up(login, db, clock, monkeypatch) -> None:
    monkeypatch.setattr(queries, "MOST_MATCHES", 2)
    async with db.begin() as session:
        for name in ("Ann", "Ann", "Ann", "Ann Lee"):
            last = await make_customer(session, name=name, now=clock())
    li = await login()

    assert await found(li, query="ann lee") == await found(li, query="lee ann") == [last.id]
    assert len(await found(li, query="ann")) == 2


async def test_customers_come_in_pages(login, db, clock) -> None:
    async with db.begin() as session:
        ids = [(await make_customer(session, name="Ann", now=clock())).id for _ in range(3)]
    li = await login()

    for query in ({}, {"query": "ann"}):
        first = await (await li.get(URL, params={"limit": 2, **query})).json()
        rest = await found(li, limit=2, after=first["next"], **query)
        assert [customer["id"] for customer in first["items"]] + rest == ids


async def test_an_edit_says_in_the_log_that_and_not_what(login, ann, db) -> None:
    manager = await login("manager")
    account = await (await manager.post("/api/v1/accounts", json={"name": "Acme"})).json()
    change = {"note": "secret", "email": "Ann@New.example", "account_id": account["id"]}

    response = await manager.patch(f"{URL}/{ann.id}", json={**change, "name": None})

    edited = await response.json()
    assert (edited["name"], edited["email"]) == ("Ann 李小龙 Lee", "ann@new.example")
    assert await found(manager, account_id=account["id"]) == [ann.id]
    async with db.read() as session:
        event = await session.scalar(select(Event).where(Event.kind == "customer.edited"))
    assert event.data == {"customer_id": ann.id, "changed": ["account_id", "email", "note"]}


async def test_an_edit_of_an_old_version_is_refused(login, ann) -> None:
    li = await login()
    seen = (await li.get(f"{URL}/{ann.id}")).headers["ETag"]

    assert (await li.patch(f"{URL}/{ann.id}", json={"note": "a"})).status == 200
    stale = await li.patch(f"{URL}/{ann.id}", json={"note": "b"}, headers={"If-Match": seen})

    assert stale.status == 412


@pytest.mark.parametrize(
    "wrong", [{"email": "nowhere"}, {"language": "fr"}, {"note": "x" * 20_001}, {"id": 3}]
)
async def test_what_cannot_be_known_of_a_customer_is_refused(login, ann, wrong) -> None:
    assert (await (await login()).patch(f"{URL}/{ann.id}", json=wrong)).status == 422


async def test_an_unknown_account_is_not_found(login, ann) -> None:
    assert (await (await login()).patch(f"{URL}/{ann.id}", json={"account_id": 9})).status == 404


async def test_a_block_is_logged_once_and_lifted(login, ann, db) -> None:
    li = await login()
    for _ in range(2):
        blocked = await li.put(f"{URL}/{ann.id}/block", json={"reason": "threats"})
        assert (await blocked.json())["blocked_at"] is not None

    unblocked = await li.delete(f"{URL}/{ann.id}/block")

    assert (await unblocked.json())["blocked_at"] is None
    async with db.read() as session:
        about = select(Event.kind).where(Event.kind.like("customer.%")).order_by(Event.id)
        happened = await session.scalars(about)
        assert list(happened) == ["customer.blocked", "customer.unblocked"]
