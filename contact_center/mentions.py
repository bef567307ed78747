"""Names in the configuration that only the database knows: teams, and what agents know about.

Whoever writes to a team that nobody has made waits where every team sees them: nothing is lost,
and somebody should know.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from contact_center.agents.queries import all_agents, all_teams
from contact_center.policies.choosing import Policies
from contact_center.sources.models import Source
from contact_center.switchboard import Switchboard

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

Kind = Literal["team", "skill"]


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    file: str
    key: str
    kind: Kind
    name: str

    def __str__(self) -> str:
        has = "made such a team" if self.kind == "team" else "such a skill"
        return f"{self.file}: {self.key}: {self.name!r}: nobody has {has}"


def mentions(
    switchboard: Switchboard, policies: Policies, sources: Mapping[str, Source]
) -> list[Mention]:
    """Every one of them, in order; each once."""
    found = {*_in_routing(switchboard), *_in_policies(policies)}
    for name, source in sources.items():
        if source.team is not None:
            found.add(Mention("sources.toml", f"{name}.team", "team", source.team))
    return sorted(found)


def _in_routing(switchboard: Switchboard) -> Iterator[Mention]:
    file = "routing.toml"
    for number, rule in enumerate(switchboard.rules, start=1):
        yield Mention(file, f"rule {number}.team", "team", rule.team)
        for skill in rule.skills:
            yield Mention(file, f"rule {number}.skills", "skill", skill)
    for name, plan in switchboard.teams.items():
        yield Mention(file, "team.name", "team", name)
        if plan.overflow_to is not None:
            yield Mention(file, f"team {name}.overflow_to", "team", plan.overflow_to)


def _in_policies(policies: Policies) -> Iterator[Mention]:
    file = "policies.toml"
    for line in policies.lines:
        for name in line.when.get("team", ()):
            yield Mention(file, f"policy {line.policy}.when.team", "team", name)
    for number, (when, _) in enumerate(policies.hours, start=1):
        for name in when.get("team", ()):
            yield Mention(file, f"hours {number}.when.team", "team", name)


async def unknown(session: "AsyncSession", found: Sequence[Mention]) -> list[Mention]:
    """Those that name nothing there is."""
    known: dict[Kind, set[str]] = {
        "team": {team.name for team in await all_teams(session)},
        "skill": {
            skill for agent in await all_agents(session, active_only=True) for skill in agent.skills
        },
    }
    return [one for one in found if one.name not in known[one.kind]]
