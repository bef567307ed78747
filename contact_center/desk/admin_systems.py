"""How other systems come in (API tokens) and what they are told (webhooks)."""

from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.desk.login import Nothing
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.events.rules import Actor
from contact_center.integrations import actions as webhooks
from contact_center.logins import actions as logins
from contact_center.logins.queries import get_token, page_of_tokens
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes
from contact_center.webhooks.queries import all_endpoints

routes = Routes("desk", prefix="/desk", documented=False)

_TOKENS, _WEBHOOKS = Permission.TOKENS_ADMIN, Permission.WEBHOOKS_ADMIN
MOST_TOKENS = 500


class TokenForm(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    scopes: Annotated[list[Permission], Field(min_length=1)]
    days: Annotated[str, Field(pattern=r"^\d{0,4}$")] = ""


class EndpointForm(BaseModel):
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    event_kinds: Annotated[str, Field(max_length=3000)] = "*"
    description: Annotated[str, Field(max_length=200)] = ""


class SwitchForm(BaseModel):
    active: bool


@routes.get("/admin/tokens", permission=_TOKENS)
async def show_tokens(call: Call) -> web.Response:
    shell = await surroundings(call, call.session, active="tokens")
    tokens = await page_of_tokens(call.session, after=0, limit=MOST_TOKENS)
    return page(call, "admin_tokens.html", tokens=tokens[::-1], scopes=list(Permission), **shell)


@routes.post("/admin/tokens", permission=_TOKENS, status=200)
async def create_token(call: Call, form: Form[TokenForm]) -> web.Response:
    secret, token = await logins.create_token(
        call.session,
        name=form.name,
        scopes=form.scopes,
        expires_at=call.now + timedelta(days=int(form.days)) if form.days else None,
        own=call.agent.permissions,
        created_by=call.agent.id,
        by=_by(call),
        now=call.now,
    )
    return page(call, "secret.html", secret=secret, name=token.name, back="/desk/admin/tokens")


@routes.post("/admin/tokens/{token_id}/revoke", permission=_TOKENS)
async def revoke_token(call: Call, token_id: Id, form: Form[Nothing]) -> web.Response:
    token = await get_token(call.session, token_id)
    await logins.revoke_token(call.session, token, by=_by(call), now=call.now)
    return go_to(call, "/desk/admin/tokens")


@routes.get("/admin/webhooks", permission=_WEBHOOKS)
async def show_webhooks(call: Call) -> web.Response:
    shell = await surroundings(call, call.session, active="webhooks")
    endpoints = await all_endpoints(call.session)
    return page(call, "admin_webhooks.html", endpoints=endpoints, **shell)


@routes.post("/admin/webhooks", permission=_WEBHOOKS, status=200)
async def create_webhook(call: Call, form: Form[EndpointForm]) -> web.Response:
    endpoint = await webhooks.create_endpoint(
        call.session,
        url=form.url.strip(),
        event_kinds=form.event_kinds.replace(",", " ").split(),
        description=form.description,
        by=_by(call),
        now=call.now,
        random=call.runtime.random,
        settings=call.runtime.settings.webhooks,
    )
    return _show_secret(call, endpoint.secrets[0]["secret"], endpoint.url)


@routes.post("/admin/webhooks/{endpoint_id}/switch", permission=_WEBHOOKS)
async def switch_webhook(call: Call, endpoint_id: Id, form: Form[SwitchForm]) -> web.Response:
    await webhooks.edit_endpoint(
        call.session,
        endpoint_id,
        active=form.active,
        by=_by(call),
        now=call.now,
        settings=call.runtime.settings.webhooks,
    )
    return go_to(call, "/desk/admin/webhooks")


@routes.post("/admin/webhooks/{endpoint_id}/rotate", permission=_WEBHOOKS, status=200)
async def rotate_secret(call: Call, endpoint_id: Id, form: Form[Nothing]) -> web.Response:
    endpoint = await webhooks.rotate_secret(
        call.session, endpoint_id, by=_by(call), now=call.now, random=call.runtime.random
    )
    return _show_secret(call, endpoint.secrets[0]["secret"], endpoint.url)


@routes.post("/admin/webhooks/{endpoint_id}/test", permission=_WEBHOOKS, status=200)
async def test_webhook(call: Call, endpoint_id: Id, form: Form[Nothing]) -> web.Response:
    await webhooks.send_test(
        call.session, endpoint_id, by=_by(call), now=call.now, random=call.runtime.random
    )
    return page(call, "done.html", message="webhooks.test_sent")


@routes.post("/admin/webhooks/{endpoint_id}/delete", permission=_WEBHOOKS)
async def delete_webhook(call: Call, endpoint_id: Id, form: Form[Nothing]) -> web.Response:
    await webhooks.delete_endpoint(call.session, endpoint_id, by=_by(call), now=call.now)
    return go_to(call, "/desk/admin/webhooks")


def _show_secret(call: Call, secret: str, name: str) -> web.Response:
    return page(call, "secret.html", secret=secret, name=name, back="/desk/admin/webhooks")


def _by(call: Call) -> Actor:
    return Actor(call.agent.actor)
