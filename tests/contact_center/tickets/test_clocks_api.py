from tests.support.factories import make_ticket


async def test_each_clock_of_a_ticket_says_why_it_is_due_when_it_is(runtime, login, clock) -> None:
    async with runtime.db.begin() as session:
        ticket = await make_ticket(session, now=clock())
    ann = await login(language="zh")

    found = await (await ann.get(f"/api/v1/tickets/{ticket.id}/clocks")).json()

    first = next(one for one in found if one["kind"] == "first_response")
    assert (first["state"], first["met"], first["pauses"]) == ("running", None, [])
    assert first["why"][-1].startswith("截止时间：") or first["due_at"] is None
    assert (await ann.get("/api/v1/tickets/99/clocks")).status == 404
