"""The page of one ticket."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from contact_center.agents.queries import all_agents, team_ids_of
from contact_center.alerts import actions as alerts
from contact_center.desk.offers import reasons_of
from contact_center.desk.render import page
from contact_center.desk.shell import surroundings
from contact_center.desk.story import Story, earlier, said, story_of
from contact_center.desk.streams import Position
from contact_center.escalations.rules import progress
from contact_center.events.rules import Actor
from contact_center.knowledge.queries import canned_replies
from contact_center.knowledge.rules import fill_in
from contact_center.messages import actions, queries
from contact_center.messages.models import Message
from contact_center.tickets.models import ResolutionCode, TicketKind, TransferReason
from contact_center.tickets.rules import PRIORITIES
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

_READ = Permission.TICKETS_READ


@routes.get("/tickets/{ticket_id}", permission=_READ)
async def show_ticket(call: Call, ticket_id: Id) -> web.Response:
    session = call.session
    story = await _story(call, session, ticket_id)
    lines, more = await earlier(session, story, before=None)
    shell = await surroundings(call, session, active="")
    return page(
        call,
        "ticket.html",
        story=story,
        routing=reasons_of(call, story),
        ladder=progress(story.climbing, call.runtime.ladder),
        lines=lines,
        more=more,
        last=lines[-1].message.id if lines else 0,
        colleagues=await all_agents(session, active_only=True),
        choices=CHOICES,
        titles=titles(call),
        lead_extends=call.runtime.settings.work_orders.lead_extends,
        limits=call.runtime.settings.attachments,
        **shell,
    )


@routes.post("/tickets/{ticket_id}/seen", permission=_READ)
async def mark_seen(call: Call, ticket_id: Id, message: Position) -> None:
    await actions.mark_read(call.session, ticket_id, message_id=message, by=Actor(call.agent.actor))
    await alerts.mark_read(call.session, call.agent.id, ticket_id=ticket_id, now=call.now)


@routes.get("/tickets/{ticket_id}/earlier", permission=_READ)
async def show_earlier(call: Call, ticket_id: Id, before: Id) -> web.Response:
    story = await _story(call, call.session, ticket_id)
    lines, more = await earlier(call.session, story, before=before)
    return page(call, "lines.html", story=story, lines=lines, more=more)


@routes.get("/tickets/{ticket_id}/canned", permission=_READ)
async def show_canned(call: Call, ticket_id: Id) -> web.Response:
    """The replies this agent may use, filled in for this ticket."""
    story = await _story(call, call.session, ticket_id)
    team_ids = await team_ids_of(call.session, call.agent.id)
    values = {
        "customer": story.customer.name,
        "agent": call.agent.name,
        "reference": story.ticket.reference,
    }
    replies = [
        (reply, fill_in(reply.text, values=values))
        for reply in await canned_replies(call.session, team_ids=team_ids)
    ]
    return page(call, "canned_picker.html", replies=replies, ticket=story.ticket)


CHOICES: dict[str, Any] = {
    "codes": list(ResolutionCode),
    "reasons": list(TransferReason),
    "priorities": PRIORITIES,
    "kinds": list(TicketKind),
}


async def state(
    call: Call, session: "AsyncSession", ticket_id: int, *, fresh: list[Message] | None = None
) -> web.Response:
    """What a step has changed on the page: head, side and timeline, and what was said."""
    story = await _story(call, session, ticket_id)
    lines = await said(session, fresh or [], story)
    return page(call, "ticket_news.html", **news_values(call, story), lines=lines)


def news_values(call: Call, story: Story) -> dict[str, Any]:
    return {
        "me": call.agent,
        "story": story,
        "routing": reasons_of(call, story),
        "ladder": progress(story.climbing, call.runtime.ladder),
        "choices": CHOICES,
        "titles": titles(call),
        "lead_extends": call.runtime.settings.work_orders.lead_extends,
        "may": {permission.name: call.agent.may(permission) for permission in Permission},
    }


def titles(call: Call) -> dict[str, str]:
    """What kinds of work orders are called, in the reader's language."""
    types = call.runtime.policies.work_order_types.values()
    return {one.id: one.title.get(call.agent.language) or one.title["en"] for one in types}


async def message_since(session: "AsyncSession", ticket_id: int, after: int) -> list[Message]:
    return list(await queries.ticket_messages(session, ticket_id, after=after, limit=50))


async def _story(call: Call, session: "AsyncSession", ticket_id: int) -> Story:
    return await story_of(session, ticket_id, reader=call.agent.id, now=call.now)
