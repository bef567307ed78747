"""What a browser is told to show an agent who looks elsewhere."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from contact_center.tickets.models import Ticket
from tests.contact_center.desk.conftest import Desk, Login
from tests.contact_center.desk.test_live import blocks
from tests.contact_center.desk.test_offers import offered


async def notices(desk: Desk, login: Login, *, after: int = 0) -> dict[str, Any]:
    """The first that is told; with `after` what has happened since."""
    path = f"/desk/live/notices?after={after}"
    async with desk.client.get(path, headers=login.headers) as answer:
        [block] = await blocks(answer, 1)
    return json.loads(block.partition("data: ")[2])


async def test_an_offer_is_told(desk) -> None:
    ann = await desk.hire("Ann")
    ticket_id, offer = await offered(desk, ann)

    assert (await notices(desk, ann))["notices"] == [
        {
            "tag": f"offer-{offer}",
            "kind": "offer",
            "title": f"T-{ticket_id:06} is offered to you",
            "url": f"/desk/tickets/{ticket_id}",
        }
    ]


async def test_an_answer_on_my_ticket_is_told_without_its_words(desk) -> None:
    ann, bob = await desk.hire("Ann", language="zh"), await desk.hire("Bob")
    await desk.arrive("first", address="c")
    await desk.claim(1, ann)
    start = await notices(desk, ann)
    assert start["notices"] == []

    await desk.arrive("my secret", address="c")

    told = await notices(desk, ann, after=start["at"])
    assert [one["title"] for one in told["notices"]] == ["T-000001：客户已回复"]
    assert "secret" not in json.dumps(told)
    assert (await notices(desk, bob, after=start["at"]))["notices"] == []


async def test_what_is_soon_late_is_told_once_for_each_time(desk, clock) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    await desk.claim(1, ann)
    due = clock() + timedelta(minutes=20)
    async with desk.runtime.db.begin() as session:
        await session.execute(update(Ticket).values(next_due_at=due))
    assert (await notices(desk, ann))["notices"] == []

    clock.advance(minutes=6)
    [told] = (await notices(desk, ann))["notices"]
    assert told["title"] == f"T-000001 is due at {due:%H:%M}"
    assert told["tag"] == f"due-1-{due.timestamp():.0f}"

    clock.advance(minutes=15)
    assert (await notices(desk, ann))["notices"] == []  # late: the desk and the ladder say so


async def test_notices_go_on_where_they_were_cut(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive("first", address="c")
    await desk.claim(1, ann)
    async with desk.client.get("/desk/live/notices", headers=ann.headers) as answer:
        [block] = await blocks(answer, 1)
    mark = block.partition("id: ")[2].partition("\n")[0]
    await desk.arrive("second", address="c")

    again = {**ann.headers, "Last-Event-ID": mark}
    async with desk.client.get("/desk/live/notices", headers=again) as answer:
        [block] = await blocks(answer, 1)
    assert "the customer has answered" in block
