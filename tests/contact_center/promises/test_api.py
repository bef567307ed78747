from datetime import timedelta

import pytest

from tests.support.factories import customer_says, make_ticket


@pytest.fixture
async def house(runtime, login, clock):
    li, lead = await login(name="Li"), await login("lead", name="Lee")
    async with runtime.db.begin() as session:
        ticket = await make_ticket(session, now=clock())
        await customer_says(session, ticket, now=clock())
    path = f"/api/v1/tickets/{ticket.id}"
    await li.post(f"{path}/replies", json={"text": "I look into it"})
    return li, lead, path


async def make(li, path, clock, **delta):
    due_at = (clock() + timedelta(**(delta or {"hours": 1}))).isoformat()
    answer = await li.post(f"{path}/promises", json={"text": "I'll call", "due_at": due_at})
    return answer.status, await answer.json()


async def test_a_promise_over_http(house, clock) -> None:
    li, lead, path = house
    status, promise = await make(li, path, clock)
    assert (status, promise["state"]) == (201, "open")
    here = f"/api/v1/promises/{promise['id']}"

    due_at = (clock() + timedelta(hours=2)).isoformat()
    moved = await li.post(
        f"{here}/renegotiations", json={"due_at": due_at, "message": "A bit later"}
    )
    later = await moved.json()
    assert (moved.status, later["follows_id"]) == (201, promise["id"])
    assert (await (await li.get(here)).json())["state"] == "renegotiated"
    there = f"/api/v1/promises/{later['id']}"
    kept = await (await li.put(f"{there}/fulfilment")).json()

    assert kept["state"] == "kept"
    assert len(await (await li.get(f"{path}/promises")).json()) == 2
    assert (await li.put(f"{there}/cancellation", json={"reason": "x"})).status == 409
    span = {"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
    [rate] = await (await lead.get("/api/v1/promises/kept-rates", params=span)).json()
    assert (rate["agent"]["name"], rate["rate"]) == ("Li", 1.0)


async def test_a_promise_in_the_past_is_refused(house, clock) -> None:
    li, _, path = house

    status, problem = await make(li, path, clock, hours=-1)

    assert (status, problem["detail"]) == (
        422,
        "a promise is for the future: choose a later time",
    )


async def test_a_list_is_of_one_agent_the_next_due_first(house, clock) -> None:
    li, lead, path = house
    for hours in (3, 1, 2):
        await make(li, path, clock, hours=hours)

    first = await (await lead.get("/api/v1/promises", params={"limit": 2})).json()
    params = {"agent_id": li.agent.id, "after": first["next"]}
    rest = await (await lead.get("/api/v1/promises", params=params)).json()
    none = await (await lead.get("/api/v1/promises", params={"agent_id": lead.agent.id})).json()

    assert [one["id"] for one in first["items"] + rest["items"]] == [2, 3, 1]
    assert none["items"] == []


async def test_a_draft_is_looked_through_for_a_promise(house) -> None:
    li, _, _ = house
    draft = {"text": "明天下午3点前给您回复", "time_zone": "Asia/Shanghai"}

    found = await (await li.post("/api/v1/promises/detections", json=draft)).json()
    nothing = await (await li.post("/api/v1/promises/detections", json={"text": "Hi"})).json()
    wrong = await li.post("/api/v1/promises/detections", json={"text": "", "time_zone": "Mars"})

    assert found["offer"]["due_at"] == "2026-03-03T07:00:00Z"
    assert nothing == {"offer": None}
    assert wrong.status == 422
