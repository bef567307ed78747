"""Accountability over HTTP: overrides, recusals, and who may leave."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contact_center.agents.api.staff import AgentView, show_agent_view
from contact_center.agents.queries import get_agent
from contact_center.handovers.actions import leaving, ownership
from contact_center.handovers.actions.requests import Terms
from contact_center.handovers.api.requests import HandoverView, Why, show_handover
from contact_center.policies.terms import Facts
from contact_center.tickets.api.views import TicketView, actor, lock, show
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("handovers")
ADMIN, OVERRIDE = Permission.AGENTS_ADMIN, Permission.TICKETS_OVERRIDE


class Override(Body):
    reason: Why
    owner_id: Id | None = Field(None, description="answers to the customer from now on")
    assignee_id: Id | None = Field(None, description="does the next step")


class Recusal(Body):
    about_agent_id: Id | None = Field(description="null: about nobody, after all; for leads only")
    reason: Why


class Everything(Body):
    agent_id: Id = Field(description="who is asked to take over")
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


@routes.put(
    "/tickets/{ticket_id}/override", permission=OVERRIDE, errors=(409,), if_match="optional"
)
async def override_ownership(call: Call, ticket_id: Id, body: Override) -> TicketView:
    """Give a ticket to somebody else, whoever has it; both sides are told why."""
    await lock(call, ticket_id)
    ticket = await ownership.override(
        call.session,
        ticket_id,
        owner=body.owner_id,
        assignee=body.assignee_id,
        reason=body.reason,
        by=actor(call),
        now=call.now,
    )
    return await show(call, ticket)


@routes.put(
    "/tickets/{ticket_id}/recusal", permission=Permission.TICKETS_WRITE, errors=(409,), status=204
)
async def recuse_agent(call: Call, ticket_id: Id, body: Recusal) -> None:
    """Say that a ticket is a complaint about a colleague.

    From then on neither they nor who works below them handle it, and they cannot read it. Where one
    of them had it, it goes back into the queue.
    """
    await lock(call, ticket_id)
    await ownership.recuse(
        call.session,
        ticket_id,
        about=body.about_agent_id,
        reason=body.reason,
        as_lead=call.principal.may(OVERRIDE),
        by=actor(call),
        now=call.now,
    )


@routes.post("/agents/{agent_id}/handovers", permission=OVERRIDE, errors=(409,), idempotent=True)
async def hand_over_everything(call: Call, agent_id: Id, body: Everything) -> list[HandoverView]:
    """Ask a colleague to take over for good all that an agent answers for or works on."""
    await get_agent(call.session, agent_id)
    hours = call.runtime.policies.hours_of(Facts())
    made = await leaving.hand_over_all(
        call.session,
        agent_id,
        to=body.agent_id,
        note=body.note,
        terms=Terms(calendar=hours, settings=call.runtime.settings.handovers),
        by=actor(call),
        now=call.now,
    )
    return [show_handover(one) for one in made]


@routes.put("/agents/{agent_id}/deactivation", permission=ADMIN, errors=(409,))
async def deactivate_agent(call: Call, agent_id: Id) -> AgentView:
    """Deactivate an agent; every login ends at once.

    Refused, with a list, while they answer for a ticket that is not closed, owe customers a
    promise, have work orders or hand-over requests open, or stand in for somebody.
    """
    agent = await leaving.deactivate(call.session, agent_id, by=actor(call), now=call.now)
    return await show_agent_view(call, agent)
