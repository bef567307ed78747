from tests.contact_center.escalations.conftest import cn


async def test_who_was_told_and_who_is_told_next(desk, login) -> None:
    ticket = await desk.ticket()
    await desk.sweep(cn(23, 13, 0, 1))
    ann = await login()

    [found] = await (await ann.get(f"/api/v1/tickets/{ticket}/escalations")).json()

    assert (found["clock"], found["state"]) == ("resolution", "running")
    [passed] = found["passed"]
    assert (passed["rung"], passed["name"], passed["state"]) == (1, "half", "fired")
    assert passed["told"] == [{"id": desk.owner.id, "name": desk.owner.name}]
    assert (passed["crossed_at"], passed["fired_at"]) == (
        "2026-11-23T05:00:00Z",
        "2026-11-23T05:00:01Z",
    )
    assert [(row["rung"], row["at"], row["tells"]) for row in found["ahead"]][:2] == [
        (2, "2026-11-23T07:00:00Z", ["owner", "lead"]),
        (3, "2026-11-23T09:00:00Z", ["supervisor"]),
    ]
    assert found["ahead"][-1]["digest"] is True


async def test_of_an_unknown_ticket_nobody_was_told(login) -> None:
    ann = await login()

    assert (await ann.get("/api/v1/tickets/99/escalations")).status == 404
