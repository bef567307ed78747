from contact_center.agents.models import Role
from contact_center.agents.queries import get_agent
from contact_center.routing import queries
from tests.support.factories import make_team


async def offered(desk, login) -> tuple[int, int]:
    """The numbers of a ticket and of its offer to the only member of a team."""
    async with desk.runtime.db.begin() as session:
        team = await make_team(session, now=desk.runtime.now(), name="Service", push=True)
    await desk.join(login, team.id)
    receipt = await desk.arrive("Where is my parcel?", team="Service")
    async with desk.runtime.db.read() as session:
        [decision] = await queries.decisions_of(session, receipt.ticket_id)
    return receipt.ticket_id, decision.id


async def test_an_offer_is_shown_with_its_reasons_and_accepted(desk) -> None:
    ann = await desk.hire("Ann")
    ticket_id, offer = await offered(desk, ann)

    strip = await desk.page("/desk/offers", ann)
    status, _ = await desk.send(f"/desk/offers/{offer}/accept", ann)

    assert "Where is my parcel?" in strip
    assert "Ann comes next of 1 who are free in Service" in strip
    assert ">2:00<" in strip
    assert status == 200
    assert "offer" not in await desk.page("/desk/offers", ann)
    assert f'id="t-{ticket_id}"' in await desk.page("/desk/queues/mine", ann)


async def test_what_is_declined_is_gone_from_the_page_and_told_on_the_tickets(desk) -> None:
    ann = await desk.hire("Ann")
    ticket_id, offer = await offered(desk, ann)

    _, strip = await desk.send(f"/desk/offers/{offer}/decline", ann)

    assert "Where is my parcel?" not in strip
    page = await desk.page(f"/desk/tickets/{ticket_id}", ann)
    assert "Nobody in Service is free" in page
    assert "Ann did not take it" in page


async def test_why_a_ticket_went_where_is_told_in_the_readers_language(desk) -> None:
    ann = await desk.hire("安娜", language="zh")
    ticket_id, _ = await offered(desk, ann)

    page = await desk.page(f"/desk/tickets/{ticket_id}", ann)

    assert "分派原因" in page
    assert "来源系统指定团队“Service”" in page
    assert "轮到 安娜" in page
    assert "已派给 安娜" in page


async def test_an_offer_that_ran_out_is_refused_in_the_readers_language(desk, clock) -> None:
    ann = await desk.hire("安娜", language="zh")
    _, offer = await offered(desk, ann)
    clock.advance(minutes=3)

    status, said = await desk.send(f"/desk/offers/{offer}/accept", ann)

    assert status == 409
    assert "接单时限已过" in said


async def test_what_an_agent_knows_is_written_with_commas(desk) -> None:
    boss, ann = await desk.hire("Boss", role=Role.ADMIN), await desk.hire("Ann")
    form = {"name": "Ann", "role": "agent", "capacity": "5", "active": "true"}

    await desk.send(
        f"/desk/admin/agents/{ann.agent.id}",
        boss,
        **form,
        skills="billing， vat,billing",
        languages="en, zh",
    )

    async with desk.runtime.db.read() as session:
        agent = await get_agent(session, ann.agent.id)
    assert (agent.skills, agent.languages) == (["billing", "vat"], ["en", "zh"])


async def test_a_team_is_set_to_give_its_tickets_out(desk) -> None:
    boss = await desk.hire("Boss", role=Role.ADMIN)

    await desk.send("/desk/admin/teams", boss, name="Service", push="true")

    page = await desk.page("/desk/admin/teams", boss)
    assert "offered in turn" in page
