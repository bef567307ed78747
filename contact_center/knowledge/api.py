"""Canned replies over HTTP."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contact_center.agents.queries import get_agent
from contact_center.customers.queries import get_customer
from contact_center.events.rules import Actor
from contact_center.knowledge import actions, queries
from contact_center.knowledge.models import CannedReply
from contact_center.knowledge.rules import fill_in
from contact_center.tickets.queries import get_ticket
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body, Edit
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("knowledge")
READ, WRITE = Permission.KNOWLEDGE_READ, Permission.KNOWLEDGE_WRITE

Shortcut = Annotated[
    str, Field(min_length=1, max_length=64, description="typed after /", examples=["sorry"])
]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Template = Annotated[
    str,
    Field(
        min_length=1,
        max_length=20_000,
        description="{customer}, {agent} and {reference} are filled in",
    ),
]


class ReplyView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    shortcut: str
    title: str
    text: str
    language: str
    team_id: int | None = Field(description="null: everybody's")
    version: int
    created_at: datetime


class NewReply(Body):
    shortcut: Shortcut
    title: Title
    text: Template
    language: Literal["en", "zh"] = "en"
    team_id: Id | None = None


class ReplyEdit(Edit):
    nullable: ClassVar[frozenset[str]] = frozenset({"team_id"})

    shortcut: Shortcut | None = None
    title: Title | None = None
    text: Template | None = None
    language: Literal["en", "zh"] | None = None
    team_id: Id | None = None


class FilledIn(BaseModel):
    text: str


@routes.get("/canned-replies", permission=READ)
async def list_canned_replies(call: Call, team_id: Id | None = None) -> list[ReplyView]:
    """List canned replies: all, or with `team_id` everybody's and that team's."""
    teams = None if team_id is None else [team_id]
    found = await queries.canned_replies(call.session, team_ids=teams)
    return [ReplyView.model_validate(reply) for reply in found]


@routes.post("/canned-replies", permission=WRITE, errors=(404, 409), idempotent=True)
async def add_canned_reply(call: Call, body: NewReply) -> ReplyView:
    """Add a canned reply; its shortcut is unique."""
    reply = await actions.add_canned_reply(
        call.session, values=body.model_dump(), by=_by(call), now=call.now
    )
    call.headers["Location"] = f"/api/v1/canned-replies/{reply.id}"
    return _show(call, reply)


@routes.get("/canned-replies/{reply_id}", permission=READ)
async def show_canned_reply(call: Call, reply_id: Id) -> ReplyView:
    """Show a canned reply."""
    return _show(call, await queries.get_canned_reply(call.session, reply_id))


@routes.patch("/canned-replies/{reply_id}", permission=WRITE, errors=(409,), if_match="optional")
async def edit_canned_reply(call: Call, reply_id: Id, body: ReplyEdit) -> ReplyView:
    """Edit a canned reply."""
    reply = await queries.get_canned_reply(call.session, reply_id)
    call.check_version(reply.version)
    await actions.edit_canned_reply(
        call.session, reply, changes=body.changes(), by=_by(call), now=call.now
    )
    return _show(call, reply)


@routes.delete("/canned-replies/{reply_id}", permission=WRITE)
async def delete_canned_reply(call: Call, reply_id: Id) -> None:
    """Delete a canned reply."""
    reply = await queries.get_canned_reply(call.session, reply_id)
    await actions.delete_canned_reply(call.session, reply, by=_by(call), now=call.now)


@routes.get("/tickets/{ticket_id}/canned-replies/{reply_id}", permission=READ)
async def fill_in_canned_reply(call: Call, ticket_id: Id, reply_id: Id) -> FilledIn:
    """Fill in a canned reply for a ticket, as the agent who is logged in would send it."""
    reply = await queries.get_canned_reply(call.session, reply_id)
    ticket = await get_ticket(call.session, ticket_id)
    customer = await get_customer(call.session, ticket.customer_id)
    agent = (await get_agent(call.session, call.agent.id)).name
    values = {"customer": customer.name, "agent": agent, "reference": ticket.reference}
    return FilledIn(text=fill_in(reply.text, values=values))


def _by(call: Call) -> Actor:
    return Actor(call.principal.actor)


def _show(call: Call, reply: CannedReply) -> ReplyView:
    call.show_version(reply.version)
    return ReplyView.model_validate(reply)
