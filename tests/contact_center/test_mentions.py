"""What the configuration names and the database does not know."""

from contact_center.mentions import Mention, mentions, unknown
from contact_center.policies.choosing import Policies
from contact_center.sources.models import Source
from contact_center.switchboard import parse_switchboard
from tests.support.factories import make_agent, make_team
from tests.support.promises import policies_from

ROUTING = {
    "rule": [
        {"team": "Repairs", "kind": "complaint", "skills": ["drills", "kettles"]},
        {"team": "Service"},
    ],
    "team": [{"name": "Servise", "overflow_to": "Night", "overflow_after": 60}],
}
POLICIES = """
[[hours]]
when.team = "Nights"
calendar = "business"

[[policy]]
id = "repairs"
title = { en = "Repairs" }
when.team = ["Repair", "Service"]
clocks = [{ name = "answer", clock = "first_response", target = "4h" }]
"""


def source(team: str | None) -> Source:
    fields = {"sender": {"email": "mail"}, "text": "text"}
    return Source.model_construct(name="shop", team=team, fields=fields)


def found(policies: Policies, team: str | None = "Shop") -> list[Mention]:
    return mentions(parse_switchboard(ROUTING), policies, {"shop": source(team)})


async def test_every_name_nobody_has_is_told_with_its_file_and_key(session, clock) -> None:
    await make_team(session, name="Service", now=clock())
    await make_team(session, name="Repairs", now=clock())
    await make_agent(session, now=clock(), skills=["kettles"])
    await make_agent(session, now=clock(), skills=["drills"], active=False)

    said = await unknown(session, found(policies_from(POLICIES)))

    assert [(one.file, one.key, one.kind, one.name) for one in said] == [
        ("policies.toml", "hours 1.when.team", "team", "Nights"),
        ("policies.toml", "policy repairs.when.team", "team", "Repair"),
        ("routing.toml", "rule 1.skills", "skill", "drills"),
        ("routing.toml", "team Servise.overflow_to", "team", "Night"),
        ("routing.toml", "team.name", "team", "Servise"),
        ("sources.toml", "shop.team", "team", "Shop"),
    ]
    assert str(said[2]) == "routing.toml: rule 1.skills: 'drills': nobody has such a skill"


async def test_what_everybody_knows_is_not_told(session, clock) -> None:
    for name in ("Service", "Repairs", "Repair", "Night", "Nights", "Servise"):
        await make_team(session, name=name, now=clock())
    await make_agent(session, now=clock(), skills=["drills", "kettles"])

    assert await unknown(session, found(policies_from(POLICIES), team=None)) == []
