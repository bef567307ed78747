"""The end of a ticket at the desk: signing off, and what the customer has said elsewhere."""

from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.closure import actions
from contact_center.desk.login import Nothing
from contact_center.desk.steps import check_is_theirs
from contact_center.desk.ticket import state
from contact_center.events.rules import Actor
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

_WRITE = Permission.TICKETS_WRITE


class ConfirmForm(BaseModel):
    text: Annotated[str, Field(max_length=1000)]
    channel: Annotated[str, Field(min_length=1, max_length=64)] = "phone"


@routes.post("/tickets/{ticket_id}/sign-off", permission=_WRITE, transaction=False)
async def sign_off(call: Call, ticket_id: Id, form: Form[Nothing]) -> web.Response:
    async with call.runtime.db.begin() as session:
        await actions.sign_off(session, ticket_id, by=_by(call), now=call.now)
    async with call.runtime.db.read() as session:
        return await state(call, session, ticket_id)


@routes.post("/tickets/{ticket_id}/confirm", permission=_WRITE, transaction=False)
async def confirm(call: Call, ticket_id: Id, form: Form[ConfirmForm]) -> web.Response:
    """The customer has said elsewhere that it is solved."""
    async with call.runtime.db.begin() as session:
        await check_is_theirs(call, session, ticket_id)
        await actions.confirm(
            session,
            ticket_id,
            quote=form.text,
            channel=form.channel,
            by=_by(call),
            now=call.now,
        )
    async with call.runtime.db.read() as session:
        return await state(call, session, ticket_id)


def _by(call: Call) -> Actor:
    return Actor(call.agent.actor)
