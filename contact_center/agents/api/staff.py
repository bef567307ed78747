"""Staff and teams over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contact_center.agents import actions, queries, rules
from contact_center.agents.models import Agent, Presence, Role, Team
from contact_center.events.rules import Actor
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.passwords import PASSWORDS, Password
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("agents")
ADMIN, TEAMS = Permission.AGENTS_ADMIN, Permission.TEAMS_ADMIN

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = Annotated[list[Word], Field(max_length=50)]
Chat = Annotated[str, Field(pattern=r"^-?[0-9]{1,20}$")]
Hour = Annotated[int, Field(ge=0, le=23)]


class AgentView(BaseModel):
    id: int
    email: str
    name: str
    role: Role
    presence: Presence
    capacity: int = Field(description="open tickets at once")
    skills: list[str]
    languages: list[str] = Field(description="spoken with customers")
    language: str = Field(description="of the desk")
    time_zone: str
    telegram_id: str | None
    digest_hour: int | None = Field(description="local; null: no digest")
    deputy_id: int | None = Field(description="stands in during absences that name nobody else")
    active: bool
    team_ids: list[int]
    version: int
    created_at: datetime


class ProfileEdit(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    language: Literal["en", "zh"] | None = None
    time_zone: Word | None = None
    languages: Words | None = None
    digest_hour: Hour | None = None
    deputy_id: Id | None = None


class AgentEdit(ProfileEdit):
    role: Role | None = None
    capacity: Annotated[int, Field(ge=0, le=1000)] | None = None
    skills: Words | None = None
    telegram_id: Chat | None = None


class NewAgent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(min_length=3, max_length=320)]
    name: Name
    password: Password
    role: Role = Role.AGENT
    language: Literal["en", "zh"] = "en"
    time_zone: Word = "UTC"
    languages: Words = []
    skills: Words = []
    capacity: Annotated[int, Field(ge=0, le=1000)] = 20


class LinkCode(BaseModel):
    code: str
    expires_at: datetime


class PresenceBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    presence: Presence


class TeamView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    telegram_chat: str | None
    push: bool = Field(description="its tickets are offered to members in turn, not taken")
    version: int
    created_at: datetime


class TeamBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    telegram_chat: Chat | None = None
    push: bool = False


class TeamEdit(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    telegram_chat: Chat | None = None
    push: bool | None = None


_NULLABLE = {"telegram_id", "telegram_chat", "digest_hour", "deputy_id"}


@routes.get("/agents", permission=Permission.AGENTS_READ)
async def list_agents(
    call: Call,
    after: Cursor | None = None,
    limit: Limit = 50,
    active: bool | None = None,
    role: Role | None = None,
    team_id: Id | None = None,
) -> Page[AgentView]:
    """List agents."""
    (last,) = read_cursor(after, int) or (0,)
    rows = await queries.page_of_agents(
        call.session, after=last, limit=limit + 1, active=active, role=role, team_id=team_id
    )
    teams = await queries.teams_of(call.session, [agent.id for agent in rows])
    return page_of(
        rows,
        limit=limit,
        key=lambda agent: (agent.id,),
        show=lambda agent: _view(agent, teams[agent.id]),
    )


@routes.post("/agents", permission=ADMIN, errors=(409,))
async def add_agent(call: Call, body: NewAgent) -> AgentView:
    """Add an agent."""
    # Before the first statement: a slow hash must not hold up everybody's writing.
    password_hash = await call.request.app[PASSWORDS].hash(body.password)
    details = body.model_dump(exclude={"password"})
    agent = await actions.add_agent(
        call.session,
        password_hash=password_hash,
        by=_by(call),
        now=call.now,
        digest_hour=rules.first_digest_hour(body.role, call.runtime.settings.digests),
        **details,
    )
    call.headers["Location"] = f"/api/v1/agents/{agent.id}"
    return await show_agent_view(call, agent)


@routes.get("/agents/{agent_id}", permission=Permission.AGENTS_READ)
async def show_agent(call: Call, agent_id: Id) -> AgentView:
    """Show an agent."""
    return await show_agent_view(call, await queries.get_agent(call.session, agent_id))


@routes.patch("/agents/{agent_id}", permission=ADMIN, errors=(409,), if_match="optional")
async def edit_agent(call: Call, agent_id: Id, body: AgentEdit) -> AgentView:
    """Edit an agent."""
    return await _edit(call, agent_id, body)


@routes.delete("/agents/{agent_id}/deactivation", permission=ADMIN, status=200, errors=(409,))
async def reactivate_agent(call: Call, agent_id: Id) -> AgentView:
    """Let an agent work here again."""
    agent = await queries.get_agent(call.session, agent_id)
    await actions.edit_agent(
        call.session, agent, changes={"active": True}, by=_by(call), now=call.now
    )
    return await show_agent_view(call, agent)


@routes.put("/agents/{agent_id}/presence", permission=Permission.TICKETS_ASSIGN, errors=(409,))
async def set_agent_presence(call: Call, agent_id: Id, body: PresenceBody) -> AgentView:
    """Begin, interrupt or end somebody's shift."""
    return await _set_presence(call, agent_id, body.presence)


@routes.get("/me")
async def show_me(call: Call) -> AgentView:
    """Show who is logged in."""
    return await show_agent_view(call, await queries.get_agent(call.session, call.agent.id))


@routes.patch("/me", if_match="optional", errors=(404,))
async def edit_me(call: Call, body: ProfileEdit) -> AgentView:
    """Edit one's own profile."""
    return await _edit(call, call.agent.id, body)


@routes.put("/me/presence")
async def set_my_presence(call: Call, body: PresenceBody) -> AgentView:
    """Begin, interrupt or end one's own shift."""
    return await _set_presence(call, call.agent.id, body.presence)


@routes.post("/me/link-code", transaction=False)
async def make_link_code(call: Call) -> LinkCode:
    """Get a code that links one's own Telegram account: send the bot `/link CODE`."""
    code = rules.link_code(call.runtime.secret, call.agent.id, now=call.now)
    return LinkCode(code=code, expires_at=call.now + rules.LINK_VALID)


@routes.get("/teams", permission=Permission.AGENTS_READ)
async def list_teams(call: Call) -> list[TeamView]:
    """List teams."""
    return [TeamView.model_validate(team) for team in await queries.all_teams(call.session)]


@routes.post("/teams", permission=TEAMS, errors=(409,), idempotent=True)
async def add_team(call: Call, body: TeamBody) -> TeamView:
    """Add a team."""
    team = await actions.add_team(call.session, **body.model_dump(), by=_by(call), now=call.now)
    call.headers["Location"] = f"/api/v1/teams/{team.id}"
    return _show_team(call, team)


@routes.get("/teams/{team_id}", permission=Permission.AGENTS_READ)
async def show_team(call: Call, team_id: Id) -> TeamView:
    """Show a team."""
    return _show_team(call, await queries.get_team(call.session, team_id))


@routes.patch("/teams/{team_id}", permission=TEAMS, errors=(409,), if_match="optional")
async def edit_team(call: Call, team_id: Id, body: TeamEdit) -> TeamView:
    """Edit a team."""
    team = await queries.get_team(call.session, team_id)
    call.check_version(team.version)
    await actions.edit_team(call.session, team, changes=_changes(body), by=_by(call), now=call.now)
    return _show_team(call, team)


@routes.delete("/teams/{team_id}", permission=TEAMS, errors=(409,))
async def delete_team(call: Call, team_id: Id) -> None:
    """Delete a team that has no tickets."""
    team = await queries.get_team(call.session, team_id)
    await actions.delete_team(call.session, team, by=_by(call), now=call.now)


@routes.get("/teams/{team_id}/members", permission=Permission.AGENTS_READ)
async def list_team_members(call: Call, team_id: Id) -> list[AgentView]:
    """List the active agents of a team."""
    await queries.get_team(call.session, team_id)
    members = await queries.members_of(call.session, team_id)
    teams = await queries.teams_of(call.session, [agent.id for agent in members])
    return [_view(agent, teams[agent.id]) for agent in members]


@routes.put("/teams/{team_id}/members/{agent_id}", permission=TEAMS)
async def join_team(call: Call, team_id: Id, agent_id: Id) -> None:
    """Put an agent into a team."""
    team = await queries.get_team(call.session, team_id)
    agent = await queries.get_agent(call.session, agent_id)
    await actions.join_team(call.session, team, agent, by=_by(call), now=call.now)


@routes.delete("/teams/{team_id}/members/{agent_id}", permission=TEAMS)
async def leave_team(call: Call, team_id: Id, agent_id: Id) -> None:
    """Take an agent out of a team."""
    team = await queries.get_team(call.session, team_id)
    agent = await queries.get_agent(call.session, agent_id)
    await actions.leave_team(call.session, team, agent, by=_by(call), now=call.now)


async def _edit(call: Call, agent_id: int, body: ProfileEdit) -> AgentView:
    agent = await queries.get_agent(call.session, agent_id)
    call.check_version(agent.version)
    await actions.edit_agent(
        call.session, agent, changes=_changes(body), by=_by(call), now=call.now
    )
    return await show_agent_view(call, agent)


async def _set_presence(call: Call, agent_id: int, presence: Presence) -> AgentView:
    agent = await queries.get_active_agent(call.session, agent_id)
    await actions.set_presence(call.session, agent, presence=presence, by=_by(call), now=call.now)
    return await show_agent_view(call, agent)


async def show_agent_view(call: Call, agent: Agent) -> AgentView:
    teams = await queries.teams_of(call.session, [agent.id])
    call.show_version(agent.version)
    return _view(agent, teams[agent.id])


def _view(agent: Agent, team_ids: list[int]) -> AgentView:
    known = {name: getattr(agent, name) for name in AgentView.model_fields if name != "team_ids"}
    return AgentView(**known, team_ids=team_ids)


def _show_team(call: Call, team: Team) -> TeamView:
    call.show_version(team.version)
    return TeamView.model_validate(team)


def _by(call: Call) -> Actor:
    return Actor(call.principal.actor)


def _changes(body: BaseModel) -> dict[str, object]:
    """What was sent; null empties what may be empty and says nothing of the rest."""
    sent = body.model_dump(exclude_unset=True)
    return {name: v for name, v in sent.items() if v is not None or name in _NULLABLE}
