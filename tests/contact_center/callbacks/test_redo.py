"""A customer who is not satisfied sends a department's work back."""

from contact_center.agents.models import TeamMember
from contact_center.events.rules import agent
from contact_center.intake.actions.taking import Intake
from contact_center.messages import actions as messages
from contact_center.supervision.queries import orders_of
from contact_center.tickets.models import Status
from contact_center.tickets.queries import lock_ticket
from contact_center.work_orders.actions import asking, issuing, working
from contact_center.work_orders.models import WorkOrderState
from contact_center.work_orders.queries import work_orders_of
from tests.support.calendars import POLICIES
from tests.support.factories import make_agent, make_team


async def opened_with_work(story) -> int:
    """The owner has answered and asked a team; Ned has signed. Returns Ned's id."""
    assert isinstance(story.intake, Intake)
    [receipt] = await story.intake.handle([story.message("The line is down")])
    story.ticket_id = receipt.ticket_id
    now = story.clock()
    async with story.runtime.db.begin() as session:
        story.owner_id = (await make_agent(session, now=now)).id
        ned, team = await make_agent(session, now=now), await make_team(session, now=now)
        session.add(TeamMember(team_id=team.id, agent_id=ned.id))
        by = agent(story.owner_id)
        await messages.reply(session, story.ticket_id, text="I look", by=by, now=now)
        ticket = await lock_ticket(session, story.ticket_id)
        asked = await asking.ask(
            session, ticket, POLICIES, kind="task", team_id=team.id, task="Look at the line"
        )
        order = await issuing.issue(session, ticket.id, asked, by=by, now=now)
        await working.sign(session, order.id, by=agent(ned.id), now=now)
    return ned.id


async def done_and_resolved(story, ned_id: int) -> None:
    async with story.runtime.db.begin() as session:
        [order] = await work_orders_of(session, story.ticket_id)
        now, by = story.clock(), agent(ned_id)
        await working.finish(session, order.id, text="Done", by=by, now=now)
        await issuing.verify(session, order.id, by=agent(story.owner_id), now=now)
    await story.resolve()


async def state_of(story):
    async with story.runtime.db.read() as session:
        [order] = await work_orders_of(session, story.ticket_id)
        return order, await orders_of(session, story.ticket_id)


async def test_g44_the_third_redo_is_supervised_and_each_cycle_is_one_reopening(story) -> None:
    ned_id = await opened_with_work(story)

    for cycle in (1, 2, 3):
        await done_and_resolved(story, ned_id)
        await story.is_asked()
        order, supervision = await state_of(story)
        assert (order.state, supervision) == (WorkOrderState.VERIFIED, [])
        await story.says("未解决")

        order, supervision = await state_of(story)
        ticket = await story.ticket()
        assert (order.state, order.redo_count) == (WorkOrderState.REDO, cycle)
        assert (ticket.status, ticket.reopen_count) == (Status.WAITING_DEPARTMENT, cycle)

    assert [one.cause for one in supervision] == ["redo"]
