from contact_center.agents.models import Role
from contact_center.tickets.queries import get_ticket


async def ticket_of(desk, number: int = 1):
    async with desk.runtime.db.read() as session:
        return await get_ticket(session, number)


async def asked(desk, sender, receiver, kind: str = "handover") -> tuple[int, str]:
    return await desk.send(
        f"/desk/tickets/1/{kind}", sender, to=str(receiver.agent.id), reason="workload", note="All"
    )


async def test_accountability_is_handed_over_at_the_desk(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob")
    await desk.arrive()
    await desk.claim(1, ann)

    status, html = await asked(desk, ann, bob)
    inbox = await desk.page("/desk/handovers", bob)
    unexplained, why = await desk.send("/desk/handovers/1/decline", bob, why="")
    accepted, _ = await desk.send("/desk/handovers/1/accept", bob)
    story = await desk.page("/desk/tickets/1", bob)

    assert (status, unexplained, accepted) == (200, 422, 200)
    assert "Bob is asked to answer for it from now on" in html
    assert 'data-count="handovers">1</span>' in inbox
    assert "Say why you decline." in why
    assert (await ticket_of(desk)).owner_id == bob.agent.id
    assert "changed the owner from Ann to Bob: Accepted hand-over" in story


async def test_a_request_is_declined_or_taken_back(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob", language="zh")
    await desk.arrive()
    await desk.claim(1, ann)
    await asked(desk, ann, bob)
    await desk.send("/desk/handovers/1/decline", bob, why="On leave")
    await asked(desk, ann, bob)

    twice, words = await asked(desk, ann, bob)
    await desk.send("/desk/handovers/2/withdraw", ann)
    alerts = await desk.page("/desk/alerts", ann)

    assert twice == 409
    assert "waits for an answer to another request" in words
    assert "Bob has declined to take over T-000001: On leave" in alerts
    assert "无。" in await desk.page("/desk/handovers", bob)


async def test_g31_a_lead_overrides_with_a_reason(desk) -> None:
    ann, bob, lead = (
        await desk.hire("Ann"),
        await desk.hire("Bob"),
        await desk.hire("Lee", Role.LEAD),
    )
    await desk.arrive()
    await desk.claim(1, ann)
    fields = {"owner": str(bob.agent.id), "assignee": str(bob.agent.id)}

    unexplained, _ = await desk.send("/desk/tickets/1/override", lead, reason="", **fields)
    refused, _ = await desk.send("/desk/tickets/1/override", ann, reason="x", **fields)
    done, html = await desk.send("/desk/tickets/1/override", lead, reason="urgent", **fields)

    assert (unexplained, refused, done) == (422, 403, 200)
    assert "Lee changed the owner from Ann to Bob: Override by a supervisor (urgent)" in html


async def test_g30_a_complaint_about_a_colleague_is_hidden_from_them(desk) -> None:
    ann, bob, lead = (
        await desk.hire("Ann"),
        await desk.hire("Bob"),
        await desk.hire("Lee", Role.LEAD),
    )
    await desk.arrive("Ann was rude", address="carla")
    await desk.claim(1, ann)

    await desk.send(
        "/desk/tickets/1/recuse", lead, about=str(ann.agent.id), reason="the customer says so"
    )
    hidden = await desk.client.get("/desk/tickets/1", headers=ann.headers)
    live = await desk.client.get("/desk/live/tickets/1", headers=ann.headers)

    assert (hidden.status, live.status) == (403, 403)
    assert "complaint about you" in await hidden.text()
    for path in ("/desk/queues/all", "/desk/queues/unclaimed", "/desk/search?q=rude"):
        assert "T-000001" not in await desk.page(path, ann), path
    assert "A complaint about Ann" in await desk.page("/desk/tickets/1", bob)


async def test_g29_who_still_answers_for_something_is_not_deactivated_at_the_desk(desk) -> None:
    admin, ann, bob = (
        await desk.hire("Ada", Role.ADMIN),
        await desk.hire("Ann"),
        await desk.hire("Bob"),
    )
    await desk.arrive()
    await desk.claim(1, ann)
    path = f"/desk/admin/agents/{ann.agent.id}"
    leave = {"name": "Ann", "role": "agent", "capacity": "5"}

    refused, why = await desk.send(path, admin, **leave)
    await desk.send(f"{path}/handover", admin, to=str(bob.agent.id), note="Ann leaves")
    await desk.send("/desk/handovers/accept", bob)
    done, _ = await desk.send(path, admin, **leave)

    assert (refused, done) == (409, 200)
    assert "Ann still answers for tickets: T-000001: hand it over first." in why


async def test_the_board_shows_what_goes_from_hand_to_hand_and_whose_owner_is_absent(
    desk,
) -> None:
    ann, bob, lead = (
        await desk.hire("Ann"),
        await desk.hire("Bob"),
        await desk.hire("Lee", Role.LEAD),
    )
    await desk.arrive()
    await desk.claim(1, ann)
    for number, (one, other) in enumerate([(ann, bob), (bob, ann), (ann, bob)], start=1):
        to = f"agent:{other.agent.id}"
        await desk.send("/desk/tickets/1/transfer", one, to=to, reason="skill")
        await desk.send(f"/desk/handovers/{number}/accept", other)
    times = {"starts_at": "2026-03-02T11:00", "ends_at": "2026-03-06T18:00"}
    await desk.send("/desk/absences", ann, deputy=str(bob.agent.id), **times)

    board = await desk.page("/desk/supervision", lead)

    assert "Transferred three times" in board
    assert 'id="panel-transferred"' in board
    assert 'id="panel-absent"' in board


async def test_the_second_agent_is_led_to_the_first_owner(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob")
    await desk.arrive("My parcel", address="carla")
    await desk.claim(1, ann)
    await desk.arrive("Hello, again me", address="carla", thread="another")

    html = await desk.page("/desk/tickets/2", bob)
    await desk.claim(2, bob)
    claimed = await desk.page("/desk/tickets/2", bob)

    for page in (html, claimed):
        assert "This customer has something open that Ann answers for:" in page
        assert 'value="T-000001"' in page
