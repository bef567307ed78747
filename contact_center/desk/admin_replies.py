"""Canned replies: what need not be written twice."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents.queries import all_teams
from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.events.rules import Actor
from contact_center.knowledge import actions, queries
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

_WRITE = Permission.KNOWLEDGE_WRITE


class ReplyForm(BaseModel):
    shortcut: Annotated[str, Field(min_length=1, max_length=41)]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    language: Annotated[str, Field(max_length=8)] = "en"
    team: Annotated[str, Field(pattern=r"^\d{0,18}$")] = ""

    def values(self) -> dict[str, Any]:
        team_id = int(self.team) if self.team else None
        return self.model_dump(exclude={"team"}) | {"team_id": team_id}


@routes.get("/admin/replies", permission=_WRITE)
async def show_replies(call: Call) -> web.Response:
    shell = await surroundings(call, call.session, active="replies")
    return page(
        call,
        "admin_replies.html",
        replies=await queries.canned_replies(call.session),
        teams=await all_teams(call.session),
        **shell,
    )


@routes.post("/admin/replies", permission=_WRITE)
async def add_reply(call: Call, form: Form[ReplyForm]) -> web.Response:
    by = Actor(call.agent.actor)
    await actions.add_canned_reply(call.session, values=form.values(), by=by, now=call.now)
    return go_to(call, "/desk/admin/replies")


@routes.post("/admin/replies/{reply_id}", permission=_WRITE)
async def edit_reply(call: Call, reply_id: Id, form: Form[ReplyForm]) -> web.Response:
    reply = await queries.get_canned_reply(call.session, reply_id)
    by = Actor(call.agent.actor)
    await actions.edit_canned_reply(call.session, reply, changes=form.values(), by=by, now=call.now)
    return go_to(call, "/desk/admin/replies")


@routes.post("/admin/replies/{reply_id}/delete", permission=_WRITE)
async def delete_reply(call: Call, reply_id: Id, form: Form[Nothing]) -> web.Response:
    reply = await queries.get_canned_reply(call.session, reply_id)
    by = Actor(call.agent.actor)
    await actions.delete_canned_reply(call.session, reply, by=by, now=call.now)
    return go_to(call, "/desk/admin/replies")
