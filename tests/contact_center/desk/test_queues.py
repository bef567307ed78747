import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from contact_center.agents.models import Role
from tests.support.factories import make_team

HOSTILE = "<script>alert('x')</script>"


def lines(html: str) -> list[str]:
    return re.findall(r'id="t-(\d+)"', html)


async def test_a_queue_shows_its_tickets_the_most_urgent_first(desk) -> None:
    ann = await desk.hire("Ann")
    normal = await desk.arrive("later", priority="normal")
    urgent = await desk.arrive("now", priority="urgent")

    html = await desk.page("/desk/queues/unclaimed", ann)

    assert lines(html) == [str(urgent.ticket_id), str(normal.ticket_id)]


async def test_mine_holds_what_i_have_claimed(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob")
    receipt = await desk.arrive()
    await desk.claim(receipt.ticket_id, ann)

    assert lines(await desk.page("/desk/queues/mine", ann)) == [str(receipt.ticket_id)]
    assert lines(await desk.page("/desk/queues/mine", bob)) == []


async def test_my_teams_hold_what_was_routed_to_them(desk) -> None:
    ann = await desk.hire("Ann")
    async with desk.runtime.db.begin() as session:
        team = await make_team(session, now=desk.runtime.now(), name="Service")
    receipt = await desk.arrive(team="Service")
    assert lines(await desk.page("/desk/queues/team", ann)) == []

    await desk.join(ann, team.id)

    assert lines(await desk.page("/desk/queues/team", ann)) == [str(receipt.ticket_id)]


async def test_what_customers_write_is_never_markup(desk) -> None:
    ann = await desk.hire(HOSTILE)
    await desk.arrive(HOSTILE, subject=HOSTILE, name=HOSTILE, tags=[HOSTILE])

    html = await desk.page("/desk/queues/all", ann)

    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert") >= 3


async def test_a_long_queue_continues_where_the_page_ended(desk, clock) -> None:
    ann = await desk.hire("Ann")
    arrived = []
    for _ in range(53):
        clock.advance(seconds=1)
        arrived.append(str((await desk.arrive()).ticket_id))

    first = await desk.page("/desk/queues/all", ann)
    more = re.search(r'hx-get="(/desk/queues/all/more[^"]*)"', first)[1]
    second = await desk.page(more.replace("&amp;", "&"), ann)

    assert lines(first) + lines(second) == arrived
    assert "/more?" not in second


@pytest.mark.parametrize(
    "after",
    ["x", "2026-03-02T12:00:00_1", "2026-03-02_1", "0001-01-01T00:00:00+23:00_1"]
    + ["2026-03-02T12:00:00+00:00_" + number for number in ("", "x", "9" * 30, "-1")],
)
async def test_what_is_no_place_in_a_queue_is_refused(desk, after) -> None:
    ann = await desk.hire("Ann")

    answer = await desk.client.get(
        "/desk/queues/all/more", params={"after": after}, headers=ann.headers
    )

    assert answer.status == 422


async def test_a_page_costs_the_same_number_of_statements_however_long_it_is(desk) -> None:
    ann = await desk.hire("Ann")
    counted: list[int] = []

    async def count() -> int:
        statements: list[str] = []

        def note(connection, cursor, statement, *rest) -> None:
            statements.append(statement)

        engine = desk.runtime.db.reader.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        await desk.page("/desk/queues/all", ann)
        event.remove(engine, "before_cursor_execute", note)
        return len(statements)

    for _ in range(2):
        for _ in range(10):
            await desk.arrive(name="Somebody else")
        counted.append(await count())

    assert counted[0] >= counted[1]
    assert counted[1] < 25


async def test_search_finds_words_in_english_and_chinese(desk) -> None:
    ann = await desk.hire("Ann")
    english = await desk.arrive("The kettle leaks")
    chinese = await desk.arrive("发票抬头需要修改")

    assert lines(await desk.page("/desk/search?q=kettle", ann)) == [str(english.ticket_id)]
    assert lines(await desk.page("/desk/search?q=发票", ann)) == [str(chinese.ticket_id)]
    assert "“nothing such”" in await desk.page("/desk/search?q=nothing such", ann)


async def test_search_finds_customers_by_a_part_of_their_name(desk) -> None:
    ann = await desk.hire("Ann")
    receipt = await desk.arrive("hello", name="Maria 100% García_Lopez")

    assert lines(await desk.page("/desk/search?q=garcía_l", ann)) == [str(receipt.ticket_id)]
    assert lines(await desk.page("/desk/search?q=100%25 g", ann)) == [str(receipt.ticket_id)]
    assert lines(await desk.page("/desk/search?q=%25%25", ann)) == []


@pytest.mark.parametrize("written", ["T-000001", "t-1", "T1"])
async def test_a_reference_leads_to_its_ticket(desk, written: str) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    answer = await desk.client.get(
        f"/desk/search?q={written}", headers=ann.headers, allow_redirects=False
    )

    assert (answer.status, answer.headers["Location"]) == (303, "/desk/tickets/1")


async def test_an_overdue_ticket_says_so_in_words(desk, clock) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive(priority="urgent")
    clock.now += timedelta(hours=2)

    assert "1h 0m late" in await desk.page("/desk/queues/all", ann)


async def test_troubles_are_shown_to_leads_only(desk) -> None:
    ann, lead = await desk.hire("Ann"), await desk.hire("Lee", Role.LEAD)

    assert "/desk/undelivered" not in await desk.page("/desk/queues/all", ann)
    assert "/desk/undelivered" in await desk.page("/desk/queues/all", lead)


async def test_a_claim_from_the_queue_answers_with_the_line(desk) -> None:
    ann = await desk.hire("Ann")
    receipt = await desk.arrive()

    path = f"/desk/tickets/{receipt.ticket_id}/claim?row=unclaimed"
    status, html = await desk.send(path, ann)

    assert status == 200
    assert f'id="t-{receipt.ticket_id}"' in html
    assert "Ann" in html
