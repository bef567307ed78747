"""Administration of staff and teams."""

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, Field, StringConstraints

from contact_center.agents import actions, queries
from contact_center.agents.models import Role
from contact_center.agents.rules import first_digest_hour
from contact_center.desk.render import go_to, page
from contact_center.desk.shell import surroundings
from contact_center.events.rules import Actor
from contact_center.handovers.actions import leaving
from contact_center.logins import actions as logins
from contact_center.web.arguments import Form, Id
from contact_center.web.call import Call
from contact_center.web.passwords import PASSWORDS, Password
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("desk", prefix="/desk", documented=False)

_STAFF, _TEAMS = Permission.AGENTS_ADMIN, Permission.TEAMS_ADMIN
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Listed = Annotated[str, Field(max_length=1000)]
Chat = Annotated[str, Field(pattern=r"^(-?[0-9]{1,20})?$")]


class AgentForm(BaseModel):
    email: Annotated[str, Field(max_length=320)]
    name: Name
    role: Role
    language: Literal["en", "zh"] = "en"
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"
    password: Password


class AgentEditForm(BaseModel):
    name: Name
    role: Role
    capacity: Annotated[int, Field(ge=0, le=1000)]
    telegram_id: Chat = ""
    skills: Listed | None = None
    languages: Listed | None = None
    active: bool = False

    def changes(self) -> dict[str, Any]:
        """Lists are written with commas; what is not sent stays."""
        plain = self.model_dump(exclude={"skills", "languages"})
        lists = {"skills": self.skills, "languages": self.languages}
        return (
            plain
            | {"telegram_id": self.telegram_id or None}
            | {name: _listed(text) for name, text in lists.items() if text is not None}
        )


class NewPasswordForm(BaseModel):
    password: Password


class TeamForm(BaseModel):
    name: Name
    telegram_chat: Chat = ""
    push: bool = False


class TeamEditForm(TeamForm):
    members: list[int] = []


@routes.get("/admin/agents", permission=_STAFF)
async def show_agents(call: Call) -> web.Response:
    session = call.session
    agents = await queries.all_agents(session)
    shell = await surroundings(call, session, active="agents")
    return page(
        call,
        "admin_agents.html",
        agents=agents,
        roles=list(Role),
        teams={team.id: team.name for team in await queries.all_teams(session)},
        team_ids_of=await queries.teams_of(session, [agent.id for agent in agents]),
        **shell,
    )


@routes.post("/admin/agents", permission=_STAFF, transaction=False)
async def add_agent(call: Call, form: Form[AgentForm]) -> web.Response:
    password_hash = await call.request.app[PASSWORDS].hash(form.password)
    async with call.runtime.db.begin() as session:
        await actions.add_agent(
            session,
            **form.model_dump(exclude={"password"}),
            password_hash=password_hash,
            by=_by(call),
            now=call.now,
            digest_hour=first_digest_hour(form.role, call.runtime.settings.digests),
        )
    return go_to(call, "/desk/admin/agents")


@routes.post("/admin/agents/{agent_id}", permission=_STAFF)
async def edit_agent(call: Call, agent_id: Id, form: Form[AgentEditForm]) -> web.Response:
    agent = await queries.get_agent(call.session, agent_id)
    if agent.active and not form.active:
        agent = await leaving.deactivate(call.session, agent_id, by=_by(call), now=call.now)
    changes = form.changes()
    await actions.edit_agent(call.session, agent, changes=changes, by=_by(call), now=call.now)
    return go_to(call, "/desk/admin/agents")


@routes.post("/admin/agents/{agent_id}/password", permission=_STAFF, transaction=False)
async def give_password(call: Call, agent_id: Id, form: Form[NewPasswordForm]) -> web.Response:
    password_hash = await call.request.app[PASSWORDS].hash(form.password)
    async with call.runtime.db.begin() as session:
        agent = await queries.get_agent(session, agent_id)
        await logins.set_password(
            session, agent, password_hash=password_hash, by=_by(call), now=call.now
        )
    return page(call, "done.html", message="profile.password_changed")


@routes.get("/admin/teams", permission=_TEAMS)
async def show_teams(call: Call) -> web.Response:
    session = call.session
    agents = await queries.all_agents(session, active_only=True)
    memberships = await queries.teams_of(session, [agent.id for agent in agents])
    shell = await surroundings(call, session, active="teams")
    return page(
        call,
        "admin_teams.html",
        teams=await queries.all_teams(session),
        colleagues=agents,
        memberships=memberships,
        **shell,
    )


@routes.post("/admin/teams", permission=_TEAMS)
async def add_team(call: Call, form: Form[TeamForm]) -> web.Response:
    await actions.add_team(
        call.session,
        name=form.name,
        telegram_chat=form.telegram_chat or None,
        push=form.push,
        by=_by(call),
        now=call.now,
    )
    return go_to(call, "/desk/admin/teams")


@routes.post("/admin/teams/{team_id}", permission=_TEAMS)
async def edit_team(call: Call, team_id: Id, form: Form[TeamEditForm]) -> web.Response:
    session, by = call.session, _by(call)
    team = await queries.get_team(session, team_id)
    changes = form.model_dump(include={"name", "push"}) | {
        "telegram_chat": form.telegram_chat or None
    }
    await actions.edit_team(session, team, changes=changes, by=by, now=call.now)
    wanted = set(form.members)
    for agent in await queries.all_agents(session, active_only=True):
        change = actions.join_team if agent.id in wanted else actions.leave_team
        await change(session, team, agent, by=by, now=call.now)
    return go_to(call, "/desk/admin/teams")


def _listed(text: str) -> list[str]:
    """Each word once, in the order written."""
    words = (word.strip()[:64] for word in text.replace("，", ",").split(","))
    return list(dict.fromkeys(word for word in words if word))


def _by(call: Call) -> Actor:
    return Actor(call.agent.actor)
