import re
from datetime import date

import pytest

from contact_center.agents.models import Role
from contact_center.complaints.models import Stage
from contact_center.complaints.queries import file_row, insert_missing
from contact_center.desk import charts
from contact_center.reports.models import Day
from contact_center.tickets.models import Status, TicketKind
from contact_center.tickets.queries import lock_ticket


async def respond(desk, ticket_id: int, stage: Stage, **fields) -> None:
    now = desk.runtime.now()
    async with desk.runtime.db.begin() as session:
        ticket = await lock_ticket(session, ticket_id)
        ticket.kind, ticket.status, ticket.resolved_at = TicketKind.COMPLAINT, Status.RESOLVED, now
        for name, value in fields.items():
            setattr(ticket, name, value)
        row = file_row(ticket, desk.runtime.procedure, received_at=now)
        await insert_missing(session, {**row, "stage": stage})


async def test_leads_see_how_things_stand_and_agents_do_not(desk) -> None:
    lead, ann = await desk.hire("Li", Role.LEAD), await desk.hire("Ann")
    await desk.arrive("My parcel is late", name="Carla")

    page = await desk.page("/desk/figures?days=30", lead)

    assert re.search(r'Unclaimed</dt><dd><a href="/desk/queues/unclaimed">1</a>', page)
    assert "opened 1 · resolved 0" in page.lower()
    assert page.count("<g>") == 30
    assert "Too few answers" in page
    refused = await desk.client.get("/desk/figures", headers=ann.headers)
    assert refused.status == 403


async def test_complaints_whose_customer_says_nothing_are_listed(desk) -> None:
    lead = await desk.hire("Li", Role.LEAD)
    silent, answered, own = [await desk.arrive(name=name) for name in ("Ann", "Bob", "Cid")]
    await respond(desk, silent.ticket_id, Stage.SILENT)
    await respond(desk, answered.ticket_id, Stage.ACCEPTED)
    await respond(desk, own.ticket_id, Stage.SILENT, about_agent_id=lead.agent.id)

    page = await desk.page("/desk/figures/now", lead)
    board = await desk.page("/desk/supervision", lead)
    register = await desk.page("/desk/complaints?only=silent", lead)

    listed = board.partition('id="panel-silent"')[2]
    assert re.findall(r"/desk/tickets/(\d+)", listed) == [str(silent.ticket_id)]
    assert re.findall(r"/desk/tickets/(\d+)/complaint", register) == [str(silent.ticket_id)]
    listed = page.partition('id="complaints"')[2]
    assert re.findall(r"/desk/tickets/(\d+)", listed) == [str(silent.ticket_id)]


async def test_every_kind_of_deadline_has_its_line(desk) -> None:
    lead = await desk.hire("Li", Role.LEAD)
    await desk.arrive("My parcel is late", name="Carla")

    page = await desk.page("/desk/figures", lead)

    table = page.partition('id="compliance"')[2].partition("</table>")[0]
    line = table.partition("First answer</th>")[2].partition("</tr>")[0]
    assert re.findall(r">([^<]+)</td>", line) == ["–", "0", "0", "0", "1", "0", "–", "–"]


@pytest.mark.parametrize(("opened", "resolved"), [(0, 0), (4, 2)])
def test_bars_are_as_high_as_their_numbers(opened, resolved) -> None:
    day = Day(date=date(2026, 3, 2), opened=opened, resolved=resolved)

    [column] = charts.columns([day])

    highest = max(opened, resolved, 1)
    assert [bar.height for bar in column.bars] == [
        charts.HEIGHT * opened / highest,
        charts.HEIGHT * resolved / highest,
    ]
    assert all(bar.x >= 0 and bar.x + bar.width <= charts.WIDTH for bar in column.bars)
