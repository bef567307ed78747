import pytest
from sqlalchemy import select

from contact_center.events.models import Event
from tests.support.factories import make_customer

URL = "/api/v1/accounts"


async def add(client, **fields):
    response = await client.post(URL, json={"name": "Acme", **fields})
    assert response.status == 201, await response.text()
    return await response.json()


async def test_an_account_has_a_tier_and_somebody_who_looks_after_it(login, db) -> None:
    manager = await login("manager")
    acme = await add(manager, tier="A", manager_id=manager.agent.id)
    await add(manager, name="Small Ltd")

    page = await (await manager.get(URL, params={"manager_id": manager.agent.id})).json()
    change = {"tier": "B", "manager_id": None}
    response = await manager.patch(f"{URL}/{acme['id']}", json=change)

    assert [account["name"] for account in page["items"]] == ["Acme"]
    edited = await response.json()
    assert (edited["tier"], edited["manager_id"], edited["version"]) == ("B", None, 2)
    async with db.read() as session:
        event = await session.scalar(select(Event).where(Event.kind == "account.edited"))
    assert event.data["tier"] == {"old": "A", "new": "B"}


async def test_a_name_belongs_to_one_account(login) -> None:
    manager = await login("manager")
    acme, small = await add(manager), await add(manager, name="Small Ltd")

    assert (await manager.post(URL, json={"name": "Acme"})).status == 409
    rename = {"json": {"name": "Acme"}}
    assert (await manager.patch(f"{URL}/{small['id']}", **rename)).status == 409
    assert (await manager.patch(f"{URL}/{acme['id']}", **rename)).status == 200


async def test_a_manager_must_be_somebody_who_works_here(login) -> None:
    manager = await login("manager")
    gone = await login(active=False)

    for number, status in ((99, 404), (gone.agent.id, 409)):
        response = await manager.post(URL, json={"name": "Acme", "manager_id": number})
        assert response.status == status


async def test_an_account_with_customers_stays(login, db, clock) -> None:
    manager = await login("manager")
    acme = await add(manager)
    async with db.begin() as session:
        customer = await make_customer(session, account_id=acme["id"], now=clock())

    assert (await manager.delete(f"{URL}/{acme['id']}")).status == 409
    await manager.patch(f"/api/v1/customers/{customer.id}", json={"account_id": None})
    assert (await manager.delete(f"{URL}/{acme['id']}")).status == 204
    assert (await manager.get(f"{URL}/{acme['id']}")).status == 404


@pytest.mark.parametrize("role", ["agent", "lead"])
async def test_agents_see_accounts_and_managers_change_them(login, role) -> None:
    acme = await add(await login("manager"))
    other = await login(role)

    assert (await other.get(f"{URL}/{acme['id']}")).status == 200
    assert (await other.post(URL, json={"name": "Mine"})).status == 403
