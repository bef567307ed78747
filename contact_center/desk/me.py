"""What agents set for themselves: their shift, their language, their password."""

from typing import Annotated, Literal
from zoneinfo import available_timezones

from aiohttp import web
from pydantic import BaseModel, Field

from contact_center.agents import actions
from contact_center.agents.models import Presence
from contact_center.agents.queries import get_agent
from contact_center.desk.render import page
from contact_center.desk.shell import surroundings
from contact_center.errors import Invalid
from contact_center.events.rules import Actor
from contact_center.logins import actions as logins
from contact_center.web.arguments import Form
from contact_center.web.call import Call
from contact_center.web.limits import LIMITS
from contact_center.web.passwords import LONGEST, PASSWORDS, Password
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)


class PresenceForm(BaseModel):
    presence: Presence


class LanguageForm(BaseModel):
    language: Literal["en", "zh"]


class ProfileForm(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    language: Literal["en", "zh"]
    time_zone: Annotated[str, Field(max_length=64)]
    digest_hour: Annotated[str, Field(pattern=r"^(|[01]?\d|2[0-3])$")] = ""


class PasswordForm(BaseModel):
    current: Annotated[str, Field(max_length=LONGEST)]
    new: Password


@routes.post("/presence")
async def change_presence(call: Call, form: Form[PresenceForm]) -> web.Response:
    agent = await get_agent(call.session, call.agent.id)
    await actions.set_presence(
        call.session, agent, presence=form.presence, by=_by(call), now=call.now
    )
    return web.Response(status=204)


@routes.post("/language")
async def change_language(call: Call, form: Form[LanguageForm]) -> web.Response:
    agent = await get_agent(call.session, call.agent.id)
    changes = {"language": form.language}
    await actions.edit_agent(call.session, agent, changes=changes, by=_by(call), now=call.now)
    return web.Response(headers={"HX-Refresh": "true"})


@routes.get("/profile")
async def show_profile(call: Call) -> web.Response:
    shell = await surroundings(call, call.session, active="profile")
    return page(call, "profile.html", zones=sorted(available_timezones()), **shell)


@routes.post("/profile")
async def change_profile(call: Call, form: Form[ProfileForm]) -> web.Response:
    agent = await get_agent(call.session, call.agent.id)
    changes = form.model_dump() | {
        "digest_hour": int(form.digest_hour) if form.digest_hour else None
    }
    await actions.edit_agent(call.session, agent, changes=changes, by=_by(call), now=call.now)
    return web.Response(headers={"HX-Refresh": "true"})


@routes.post("/password", transaction=False)
async def change_password(call: Call, form: Form[PasswordForm]) -> web.Response:
    """The slow part comes before the transaction; every other login ends."""
    agent_id, runtime = call.agent.id, call.runtime
    passwords, attempts = call.request.app[PASSWORDS], call.request.app[LIMITS].login_accounts
    key = f"password of {agent_id}"
    attempts.check(key)
    attempts.fail(key)
    async with runtime.db.read() as session:
        stored = (await get_agent(session, agent_id)).password_hash
    if not await passwords.verify(form.current, stored):
        raise Invalid(code="login.wrong_current_password")
    attempts.clear(key)
    password_hash = await passwords.hash(form.new)
    async with runtime.db.begin() as session:
        await logins.set_password(
            session,
            await get_agent(session, agent_id),
            password_hash=password_hash,
            keep=call.agent.session,
            by=_by(call),
            now=call.now,
        )
    return page(call, "done.html", message="profile.password_changed")


def _by(call: Call) -> Actor:
    return Actor(call.agent.actor)
