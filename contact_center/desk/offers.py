"""What an agent is offered, and why a ticket went to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from contact_center.agents import queries as agents
from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to, page, reader_of
from contact_center.desk.story import Story
from contact_center.events.rules import Actor
from contact_center.routing import queries
from contact_center.routing.actions import offers
from contact_center.routing.models import RoutingDecision
from contact_center.routing.rules.wording import in_words, people_in
from contact_center.tickets.models import Ticket
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

_WRITE = Permission.TICKETS_WRITE


@dataclass(frozen=True, slots=True)
class Offer:
    decision: RoutingDecision
    ticket: Ticket
    why: Sequence[str]


@routes.get("/offers", permission=_WRITE)
async def show_offers(call: Call) -> web.Response:
    """The strip on top of every page."""
    return page(call, "offers.html", offers=await _offers(call, call.session))


@routes.post("/offers/{offer_id}/accept", permission=_WRITE)
async def accept(call: Call, offer_id: Id, form: Form[Nothing]) -> web.Response:
    by = Actor(call.agent.actor)
    ticket = await offers.accept(call.session, offer_id, by=by, now=call.now)
    return go_to(call, f"/desk/tickets/{ticket.id}")


@routes.post("/offers/{offer_id}/decline", permission=_WRITE, status=200)
async def decline(call: Call, offer_id: Id, form: Form[Nothing]) -> web.Response:
    session, by = call.session, Actor(call.agent.actor)
    await offers.decline(
        session, offer_id, by=by, switchboard=call.runtime.switchboard, now=call.now
    )
    return page(call, "offers.html", offers=await _offers(call, session))


async def _offers(call: Call, session: "AsyncSession") -> list[Offer]:
    found = await queries.offers_to(session, call.agent.id, now=call.now)
    if not found:
        return []
    named = {number for decision, _ in found for number in people_in(decision.reasons)}
    names = await agents.agent_names(session, named)
    teams = {team.id: team.name for team in await agents.all_teams(session)}
    return [
        Offer(decision, ticket, _why(call, decision, names=names, teams=teams))
        for decision, ticket in found
    ]


def reasons_of(call: Call, story: Story) -> list[tuple[RoutingDecision, Sequence[str]]]:
    """Whom a ticket was meant for, the newest first, with the reasons in words."""
    teams = {number: team.name for number, team in story.teams.items()}
    return [
        (decision, _why(call, decision, names=story.names, teams=teams))
        for decision in story.decisions
    ]


def _why(
    call: Call, decision: RoutingDecision, *, names: dict[int, str], teams: dict[int, str]
) -> list[str]:
    return in_words(
        decision.reasons,
        texts=call.runtime.texts,
        language=reader_of(call).language,
        agents=names,
        teams=teams,
    )
