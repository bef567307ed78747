"""Work that other departments do in a story."""

from datetime import datetime

from contact_center.demo.cases import Case, Props
from contact_center.demo.people import BILLING, WAREHOUSE
from contact_center.events.rules import agent
from contact_center.tickets.models import Ticket
from contact_center.work_orders.actions import asking, issuing, working
from contact_center.work_orders.models import WorkOrderState
from contact_center.work_orders.queries import open_work_orders_of

_OF_MONEY = (0, 3)  # which of `scenery.work` is Billing's


async def ask_team(show: Props, case: Case, ticket: Ticket, *, now: datetime) -> None:
    """For work: the ticket waits until that is done."""
    work = case.telling.content.scenery.work
    task = show.random.choice(work)
    team = BILLING if work.index(task) in _OF_MONEY else WAREHOUSE
    asked = await asking.ask(
        show.session,
        ticket,
        show.intake.policies,
        kind="task",
        team_id=show.staff.teams[team].id,
        task=task,
    )
    await issuing.issue(show.session, ticket.id, asked, by=case.by, now=now)


async def finish_work(show: Props, case: Case, ticket: Ticket, *, now: datetime) -> None:
    """The department has done what it was asked, and the ticket's owner has looked at it."""
    words = case.telling.content.scenery
    came_of = dict(zip(words.work, words.worked, strict=True))
    money, owner = show.staff.teams[BILLING].id, agent(ticket.owner_id or 0)
    for order in await open_work_orders_of(show.session, ticket.id):
        who = "marta.nowak" if order.team_id == money else "omar.haddad"
        by = agent(show.staff.agents[who].id)
        if order.state is WorkOrderState.ISSUED:
            await working.sign(show.session, order.id, by=by, now=now)
        await working.finish(show.session, order.id, text=came_of[order.task], by=by, now=now)
        await issuing.verify(show.session, order.id, by=owner, now=now)
