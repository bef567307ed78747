"""Who was offered a ticket and why, over HTTP; taking what is offered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from contact_center.agents import queries as agents
from contact_center.events.rules import agent
from contact_center.routing import queries
from contact_center.routing.actions import offers
from contact_center.routing.models import OfferState, RoutedBy, RoutingDecision
from contact_center.routing.rules.wording import in_words, people_in
from contact_center.tickets.api.views import Person, TicketLine, TicketView, show, show_lines
from contact_center.tickets.queries import get_ticket
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("routing")
READ, WRITE = Permission.TICKETS_READ, Permission.TICKETS_WRITE


class DecisionView(BaseModel):
    """Who gets a ticket; what names an agent is an offer."""

    id: int
    ticket_id: int
    rule: RoutedBy = Field(description="what settled it")
    team_id: int | None
    agent: Person | None
    offer: OfferState | None
    reasons: list[dict[str, Any]] = Field(description="a code and what it is about, in order")
    why: list[str] = Field(description="the reasons in the caller's language")
    queued_at: datetime = Field(description="since when the ticket has been waiting for somebody")
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None


class OfferView(BaseModel):
    offer: DecisionView
    ticket: TicketLine


@routes.get("/tickets/{ticket_id}/routing", permission=READ)
async def list_routing_decisions(
    call: Call, ticket_id: Id, after: Cursor | None = None, limit: Limit = 50
) -> Page[DecisionView]:
    """List who a ticket was meant for and why, the newest first."""
    await get_ticket(call.session, ticket_id)
    (last,) = read_cursor(after, int) or (None,)
    rows = await queries.decisions_of(call.session, ticket_id, before=last, limit=limit + 1)
    views = await _views(call, rows)
    return page_of(views, limit=limit, key=lambda one: (one.id,), show=lambda one: one)


@routes.get("/me/offers", permission=WRITE)
async def list_my_offers(call: Call) -> list[OfferView]:
    """List the tickets one is being offered, what runs out first on top."""
    found = await queries.offers_to(call.session, call.agent.id, now=call.now)
    views = await _views(call, [decision for decision, _ in found])
    lines = await show_lines(call, [ticket for _, ticket in found])
    return [OfferView(offer=o, ticket=t) for o, t in zip(views, lines, strict=True)]


@routes.put("/me/offers/{offer_id}/acceptance", permission=WRITE, errors=(409,))
async def accept_offer(call: Call, offer_id: Id) -> TicketView:
    """Take what one is being offered."""
    by = agent(call.agent.id)
    return await show(call, await offers.accept(call.session, offer_id, by=by, now=call.now))


@routes.put("/me/offers/{offer_id}/refusal", permission=WRITE, errors=(409,))
async def decline_offer(call: Call, offer_id: Id) -> None:
    """Leave it to the next."""
    await offers.decline(
        call.session,
        offer_id,
        by=agent(call.agent.id),
        switchboard=call.runtime.switchboard,
        now=call.now,
    )


async def _views(call: Call, decisions: Sequence[RoutingDecision]) -> list[DecisionView]:
    named = {number for one in decisions for number in (*people_in(one.reasons), one.agent_id)}
    names = await agents.agent_names(call.session, named)
    teams = {team.id: team.name for team in await agents.all_teams(call.session)}
    language = call.caller.language if call.caller else call.runtime.settings.language
    return [
        DecisionView(
            **{name: getattr(one, name) for name in _PLAIN},
            agent=Person(id=one.agent_id, name=names[one.agent_id]) if one.agent_id else None,
            why=in_words(
                one.reasons,
                texts=call.runtime.texts,
                language=language,
                agents=names,
                teams=teams,
            ),
        )
        for one in decisions
    ]


_PLAIN = DecisionView.model_fields.keys() - {"agent", "why"}
