import json
import re

from contact_center.agents.models import Role
from contact_center.alerts.actions import alert
from contact_center.events.actions import record
from contact_center.events.rules import SYSTEM
from contact_center.supervision.actions import order
from contact_center.tickets.queries import lock_ticket


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
        data = {"why": "not_solved", "score": 2}
        await record(session, "lead.alerted", actor=SYSTEM, now=clock(), ticket=unhappy, data=data)
    clock.advance(minutes=31)

    html = await desk.page("/desk/supervision", lead)
    panels = dict(re.findall(r'id="panel-(\w+)"(.*?)</table>', html, re.S))

    assert "A promise was broken" in html
    assert set(panels) == {"unclaimed", "unhappy"}
    assert "T-000001" in panels["unclaimed"]
    assert "T-000002" in panels["unhappy"]


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
