"""Who gets a ticket: one decision among a thousand agents, and how soon it is offered."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import quantiles

from bots.dialogs.talk import build_dialogue
from contact_center.agents.models import TeamMember
from contact_center.db import Database
from contact_center.intake.actions.taking import Intake
from contact_center.routing.models import Candidate
from contact_center.routing.queries import decisions_of
from contact_center.routing.rules.deciding import Facts, decide
from contact_center.settings import Settings, config_directory
from contact_center.switchboard import Rule, Switchboard
from contact_center.texts import load_texts
from tests.bench.figures import Figure
from tests.bench.stages import Stage
from tests.support.calendars import POLICIES
from tests.support.factories import inbound, make_agent, make_team

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AGENTS = 1_000
TEAM = 1


async def measure(stage: Stage, *, decisions: int, messages: int) -> list[Figure]:
    seconds = await from_message_to_offer(await stage.database("offers"), messages)
    await stage.drop("offers")
    offered = Figure(
        what=f"from message to offer, {AGENTS:,} agents at work: p95",
        on=stage.name,
        value=quantiles([*seconds, seconds[-1]], n=20)[-1] * 1e3,
        unit="ms",
        goal=1_000,
    )
    if stage.server is not None:
        return [offered]
    decided = Figure(
        what=f"decision among {AGENTS:,} agents: CPU",
        on=stage.name,
        value=cpu_of_a_decision(decisions) * 1e3,
        unit="ms",
        goal=2,
    )
    return [decided, offered]


def cpu_of_a_decision(number: int) -> float:
    """Seconds. All agents are at work and in the team: nobody is left out early."""
    random = Random(7)
    people = {
        n: Candidate(
            id=n,
            capacity=20,
            load=random.randrange(15),
            teams=frozenset({TEAM}),
            skills=frozenset(random.sample(["billing", "vat", "refunds"], 2)),
            languages=frozenset(random.sample(["en", "zh", "de"], 2)),
            last_at=START - timedelta(seconds=random.randrange(3600)),
        )
        for n in range(1, AGENTS + 1)
    }
    facts = Facts(team_id=TEAM, pushes=True, language="zh", skills=frozenset({"vat"}))
    before = time.process_time()
    for n in range(number):
        chosen = decide(facts, people).agent_id
        assert chosen is not None
        people[chosen].take(now=START + timedelta(seconds=n))
        people[chosen].load -= 1
    return (time.process_time() - before) / number


async def from_message_to_offer(url: str, number: int) -> Sequence[float]:
    """Seconds, for each message by itself."""
    db = Database(url)
    async with db.begin() as session:
        team = await make_team(session, now=START, name="Service", push=True)
        agents = [await make_agent(session, now=START) for _ in range(AGENTS)]
        session.add_all([TeamMember(team_id=team.id, agent_id=agent.id) for agent in agents])
    texts = load_texts(config_directory() / "texts")
    intake = Intake(
        policies=POLICIES,
        db=db,
        settings=Settings(),
        texts=texts,
        routes=Switchboard(rules=[Rule("Service")]),
        dialogue=build_dialogue(texts, company="Bench"),
        now=lambda: START,
    )
    taken = []
    for n in range(number):
        before = time.perf_counter()
        [receipt] = await intake.handle([inbound(f"Where is order {n}?")])
        taken.append(time.perf_counter() - before)
        async with db.read() as session:
            [decision] = await decisions_of(session, receipt.ticket_id)
        assert decision.agent_id is not None
    await db.dispose()
    return taken[1:]  # the first opens connections and compiles
