import json
import re
from datetime import timedelta

from contact_center.agents.models import Role
from contact_center.alerts.actions import alert
from contact_center.callbacks.models import Callback, CallbackState
from contact_center.escalations.actions.looking import climbed
from contact_center.supervision.actions import order
from contact_center.tickets.queries import get_ticket, lock_ticket
from scheduler.sweeps import climb_ladder, route_waiting


async def tell(desk, login, key: str = "k", kind: str = "not_solved") -> None:
    async with desk.runtime.db.begin() as session:
        await alert(
            session,
            to=[login.agent.id],
            kind=kind,
            facts={"score": 1},
            key=key,
            ticket_id=1,
            now=desk.runtime.now(),
        )


async def test_the_bell_counts_what_is_unread_and_lists_it(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    await tell(desk, ann)

    queue = await desk.page("/desk/queues/all", ann)
    listed = await desk.page("/desk/alerts", ann)
    status, _ = await desk.send("/desk/alerts/read", ann, up_to="1")

    assert 'data-count="alerts">1</span>' in queue
    assert "<b>T-000001 is not solved, says the customer (score: 1)." in listed
    assert '<a href="/desk/tickets/1">T-000001</a>' in listed
    assert status == 200
    assert 'data-count="alerts">0</span>' in await desk.page("/desk/alerts", ann)


async def test_the_bell_rings_on_an_open_page(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    async with desk.client.get("/desk/live/counters", headers=ann.headers) as answer:
        await answer.content.readuntil(b"event: counts")
        await tell(desk, ann)
        text = (await answer.content.readuntil(b"event: counts")).decode()
        text += (await answer.content.readuntil(b"\n\n")).decode()

    counts = json.loads(re.findall(r"data: (\{.*\})", text)[-1])
    assert counts["alerts"] == "1"


async def test_who_reads_the_ticket_has_read_what_was_told_about_it(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    await tell(desk, ann)

    await desk.client.post("/desk/tickets/1/seen?message=1", headers=ann.htmx)

    assert 'data-count="alerts">0</span>' in await desk.page("/desk/alerts", ann)


async def test_the_board_shows_what_needs_a_supervisor(desk, clock) -> None:
    lead = await desk.hire("Lee", Role.LEAD)
    await desk.arrive("My <b>parcel</b>")
    await desk.arrive("Unhappy")
    async with desk.runtime.db.begin() as session:
        ticket = await lock_ticket(session, 1)
        await order(session, ticket, cause="breach", now=clock())
        unhappy = await lock_ticket(session, 2)
        unhappy.reopen_count = 1
        answer = {"state": CallbackState.COMPLETED, "score": 2, "answered_at": clock()}
        asked = Callback(ticket_id=2, cycle=0, due_at=clock(), created_at=clock(), **answer)
        session.add(asked)
    clock.advance(minutes=31)
    await route_waiting(desk.runtime)  # alerts the lead to both: nobody has taken them

    html = await desk.page("/desk/supervision", lead)
    panels = dict(re.findall(r'id="panel-(\w+)"(.*?)</table>', html, re.S))

    assert "A promise was broken" in html
    assert set(panels) == {"unclaimed", "unhappy"}
    assert "T-000001" in panels["unclaimed"]
    assert "T-000002" in panels["unhappy"]
    assert "T-000001" not in panels["unhappy"]


async def test_o7_the_board_of_whom_it_is_about_leaves_it_out(desk, clock) -> None:
    lead, other = await desk.hire("Lee", Role.LEAD), await desk.hire("Lea", Role.LEAD)
    await desk.arrive()
    async with desk.runtime.db.begin() as session:
        ticket = await lock_ticket(session, 1)
        ticket.about_agent_id = lead.agent.id
        await order(session, ticket, cause="vip", now=clock())

    board = await desk.page("/desk/supervision", lead)

    assert "T-000001" not in board
    assert "T-000001" in await desk.page("/desk/supervision", other)


async def test_an_order_is_taken_instructed_and_ended_at_the_desk(desk, clock) -> None:
    lead = await desk.hire("Lee", Role.LEAD)
    await desk.arrive()
    async with desk.runtime.db.begin() as session:
        await order(session, await lock_ticket(session, 1), cause="vip", now=clock())

    await desk.send("/desk/supervision/1/take", lead)
    await desk.send("/desk/supervision/1/instruct", lead, text="Call them today")
    board = await desk.page("/desk/supervision", lead)
    refused, _ = await desk.send("/desk/supervision/1/end", lead, explanation="")
    await desk.send("/desk/supervision/1/end", lead, explanation="Called")
    story = await desk.page("/desk/tickets/1", lead)

    assert "Lee" in board
    assert "Call them today" in board
    assert refused == 422
    assert "There is nothing to supervise." in await desk.page("/desk/supervision", lead)
    assert "Lee ended the supervision (An important customer)" in story


# The ladder


async def reach(desk, rung: int) -> None:
    """The clock of the first answer comes to a rung."""
    async with desk.runtime.db.read() as session:
        ticket = await get_ticket(session, 1)
        found = await climbed(session, ticket, ladder=desk.runtime.ladder)
    [first] = [one for one in found if one.clock.kind == "first_response"]
    desk.runtime.now.now = first.ahead[rung - 1].at + timedelta(seconds=1)
    await climb_ladder(desk.runtime)


async def test_the_ticket_shows_who_was_told_and_who_is_next(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.hire("Lea", role=Role.LEAD)
    await desk.arrive()
    before = await desk.page("/desk/tickets/1", ann)
    await reach(desk, 1)

    after = await desk.page("/desk/tickets/1", await desk.hire("Ben"))  # logins end meanwhile

    assert re.search(r"will be told:\s+the owner", before)
    assert re.search(r"told:\s+Lea", after)  # nobody has it yet
    assert re.search(r"will be told:\s+the owner, the lead", after)
    assert "Told that time runs out: Lea (First answer, step 1)" in after
    chinese = await desk.hire("Wei", language="zh")
    assert re.search(r"将通知：\s+负责人、组长", await desk.page("/desk/tickets/1", chinese))


async def test_the_board_shows_how_high_a_breach_has_climbed(desk) -> None:
    await desk.hire("Max", role=Role.MANAGER)
    await desk.arrive()
    await reach(desk, 4)

    board = await desk.page("/desk/supervision", await desk.hire("Lea", role=Role.LEAD))

    assert board.count("still late") == 2  # with the order, and with the breaches
    assert 'href="/desk/tickets/1"' in board
