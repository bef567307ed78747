"""Decides who gets tickets, many at once, and tells the teams. Callers own the transaction.

What is known is read in a fixed number of statements; each decision is pure and stored with its
reasons. A decision for somebody is an offer: whoever is named first may take the ticket.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts.models import Tier
from contact_center.agents.queries import absent_agents, acting_for, is_recused
from contact_center.deliveries import actions as deliveries
from contact_center.routing import queries
from contact_center.routing.models import Candidate, OfferState, RoutedBy
from contact_center.routing.queries import People, TeamFacts
from contact_center.routing.rules.deciding import Decision, Facts, Named, Reason, decide
from contact_center.routing.rules.notices import claim_notice
from contact_center.switchboard import Rule, Switchboard
from contact_center.texts import Texts
from contact_center.tickets.models import Priority, TicketKind


class Routed(Protocol):
    """A ticket that needs a human, new or back in a queue."""

    id: Any
    kind: Any
    priority: Any
    category: Any
    customer_id: Any
    team_id: Any
    owner_id: Any
    suggested_owner_id: Any
    follows_id: Any
    about_agent_id: Any
    channel: Any
    language: Any


class Announced(Protocol):
    id: int
    kind: TicketKind
    priority: Priority
    subject: str
    team_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was decided about a ticket that may have no number yet."""

    ticket: Routed
    decision: Decision
    team: TeamFacts | None
    queued_at: datetime
    climbs: int = 0
    tier: str | None = None  # of the customer's account


@dataclass(slots=True, kw_only=True)
class Round:
    """What decisions made together know."""

    switchboard: Switchboard
    now: datetime
    teams: Mapping[int, TeamFacts]
    people: Mapping[int, People]
    owners: Mapping[int, Sequence[tuple[int, int]]]
    candidates: Mapping[int, Candidate]
    barred: Mapping[int, frozenset[int]] = field(default_factory=dict)  # by whom it is about
    acting: Mapping[int, int] = field(default_factory=dict)  # by whom they stand in for
    passed: frozenset[int] = frozenset()

    def facts(self, ticket: Routed) -> Facts:
        team = self.teams.get(ticket.team_id or 0)
        found = self.switchboard.rule_for(_conditions(ticket))
        return Facts(
            team_id=team.id if team else None,
            pushes=team.push if team else False,
            opens_at=self.switchboard.opens_at(team.name, now=self.now) if team else None,
            language=ticket.language,
            skills=found[1].skills if found and team and found[1].team == team.name else _NO_SKILLS,
            named=self.named(ticket),
            passed=self.passed,
            barred=self.barred.get(ticket.about_agent_id or 0, _NOBODY),
            matching=self.switchboard.matching,
        )

    def named(self, ticket: Routed) -> list[Named]:
        """Whom the customer knows: the strongest claim first, everybody once."""
        found: dict[int, Named] = {}
        for number, rule, facts in self._known(ticket):
            if number is None:
                continue
            found.setdefault(number, Named(agent_id=number, rule=rule, facts=facts))
            if (acting := self.acting.get(number, number)) != number:
                facts = facts | {"for": number}
                found.setdefault(acting, Named(agent_id=acting, rule=rule, facts=facts))
        return list(found.values())

    def _known(self, ticket: Routed) -> Iterable[tuple[int | None, RoutedBy, Reason]]:
        yield ticket.owner_id, RoutedBy.TICKET_OWNER, {"ticket": ticket.id}
        for ticket_id, owner_id in self.owners.get(ticket.customer_id, ()):
            yield owner_id, RoutedBy.TICKET_OWNER, {"ticket": ticket_id}
        people = self.people.get(ticket.customer_id)
        if people is not None:
            tier = Tier(people.tier)
            for person in getattr(self.switchboard.tiers, tier.value):
                number = getattr(people, f"{person}_id")
                yield number, RoutedBy(person), {"tier": tier.value}
        yield ticket.suggested_owner_id, RoutedBy.PREVIOUS_OWNER, {"ticket": ticket.follows_id}


_NO_SKILLS: frozenset[str] = frozenset()
_NOBODY: frozenset[int] = frozenset()


async def choose(
    session: AsyncSession,
    tickets: Sequence[Routed],
    *,
    switchboard: Switchboard,
    now: datetime,
    named_teams: Mapping[int, str] | None = None,
    queued_at: datetime | None = None,
    climbs: int = 0,
    passed: frozenset[int] = frozenset(),
) -> list[Choice]:
    """Fill in the teams of tickets that have none, and decide who gets each.

    `named_teams` are what their sources ask for, by `id()` of the ticket. Unknown teams leave a
    ticket to everybody.
    """
    if not tickets:
        return []
    first = {id(t): _team_rule(t, switchboard, named_teams or {}) for t in tickets}
    teams = await _fill_in_teams(session, tickets, first)
    customers = {ticket.customer_id for ticket in tickets}
    round_ = Round(
        switchboard=switchboard,
        now=now,
        teams=teams,
        people=await queries.people_of(session, customers),
        owners=await queries.owners_of(session, customers),
        candidates={},
        passed=passed,
    )
    round_.candidates = await _candidates(session, round_, tickets)
    choices = []
    for ticket in tickets:
        decision = decide(round_.facts(ticket), round_.candidates)
        if decision.agent_id is not None:
            round_.candidates[decision.agent_id].take(now=now)
        why = first[id(ticket)][1]
        reasons = [*([why] if why else []), *decision.reasons]
        choices.append(
            Choice(
                ticket=ticket,
                decision=Decision(rule=decision.rule, agent_id=decision.agent_id, reasons=reasons),
                team=teams.get(ticket.team_id or 0),
                queued_at=queued_at or now,
                climbs=climbs,
                tier=getattr(round_.people.get(ticket.customer_id), "tier", None),
            )
        )
    return choices


async def keep(
    session: AsyncSession, choices: Sequence[Choice], *, switchboard: Switchboard, now: datetime
) -> None:
    """Store what was decided, once the tickets have their numbers."""
    if not choices:
        return
    rows = [decision_row(choice, switchboard=switchboard, now=now) for choice in choices]
    await queries.insert_decisions(session, rows)
    offered = {row["agent_id"] for row in rows if row["agent_id"] is not None}
    if offered:
        await queries.note_turns(session, offered, now=now)


def decision_row(choice: Choice, *, switchboard: Switchboard, now: datetime) -> dict[str, Any]:
    decision, team = choice.decision, choice.team
    is_offer = decision.agent_id is not None
    name = team.name if team else None
    expires_at = now + timedelta(seconds=switchboard.accept_within(name)) if is_offer else None
    return {
        "ticket_id": choice.ticket.id,
        "rule": decision.rule,
        "reasons": list(decision.reasons),
        "team_id": team.id if team else None,
        "agent_id": decision.agent_id,
        "offer": OfferState.OFFERED if is_offer else None,
        "queued_at": choice.queued_at,
        "climbs": choice.climbs,
        "created_at": now,
        "expires_at": expires_at,
        "ended_at": None,
        "look_at": expires_at or next_look(choice, switchboard=switchboard, now=now),
    }


def next_look(choice: Choice, *, switchboard: Switchboard, now: datetime) -> datetime:
    """When a ticket that waits in a queue is looked at again: to climb, or to overflow."""
    team, start = choice.team.name if choice.team else None, choice.queued_at
    times = [climb_at(start, choice.climbs, switchboard=switchboard, team=team)]
    plan = switchboard.teams.get(team or "")
    if plan is not None and plan.overflow_after is not None:
        times.append(switchboard.later(team, start, plan.overflow_after))
    if choice.team and choice.team.push and (opens := switchboard.opens_at(team, now=now)):
        times.append(opens)
    return min((at for at in times if at > now), default=now + timedelta(hours=1))


def climb_at(
    queued_at: datetime, climbs: int, *, switchboard: Switchboard, team: str | None
) -> datetime:
    """Each time leads are told again it takes twice as long."""
    seconds = switchboard.unclaimed_after(team) * 2 ** min(climbs, 12)
    return switchboard.later(team, queued_at, seconds)


async def announce(
    session: AsyncSession,
    tickets: Sequence[Announced],
    *,
    texts: Texts,
    language: str,
    now: datetime,
) -> None:
    """Tell teams that have a Telegram group; agents claim with a button."""
    teams = {ticket.team_id for ticket in tickets if ticket.team_id}
    if not teams:
        return
    groups = await queries.telegram_groups(session, teams)
    rows = [
        deliveries.delivery_row(
            claim_notice(
                ticket.id,
                kind=ticket.kind,
                subject=ticket.subject,
                chat=groups[ticket.team_id or 0],
                key=f"notice-{ticket.id}",
                texts=texts,
                language=language,
            ),
            channel="telegram",
            order_key=f"telegram:{groups[ticket.team_id or 0]}",
            kind="notice",
            now=now,
            ticket_id=ticket.id,
        )
        for ticket in tickets
        if ticket.team_id in groups
    ]
    await deliveries.enqueue_all(session, rows)


def _team_rule(
    ticket: Routed, switchboard: Switchboard, named_teams: Mapping[int, str]
) -> tuple[str | None, Reason | None]:
    """The name of the team, and why; nothing where a team has it already."""
    if ticket.team_id is not None:
        return None, None
    if (name := named_teams.get(id(ticket))) is not None:
        return name, {"code": "team_asked", "name": name}
    found = switchboard.rule_for(_conditions(ticket))
    if found is None:
        return None, None
    number, rule = found
    return rule.team, _team_reason(number, rule)


def _team_reason(number: int, rule: Rule) -> Reason:
    if not rule.when:
        return {"code": "team_default", "number": number, "name": rule.team}
    return {
        "code": "team_rule",
        "number": number,
        "name": rule.team,
        "when": {name: list(values) for name, values in rule.when.items()},
    }


async def _fill_in_teams(
    session: AsyncSession,
    tickets: Sequence[Routed],
    first: Mapping[int, tuple[str | None, Reason | None]],
) -> dict[int, TeamFacts]:
    names = {name for name, _ in first.values() if name}
    numbers = {ticket.team_id for ticket in tickets if ticket.team_id is not None}
    if not names and not numbers:
        return {}
    found = await queries.teams(session, names=names, team_ids=numbers)
    by_name = {team.name: team for team in found}
    for ticket in tickets:
        name, _ = first[id(ticket)]
        if name in by_name:
            ticket.team_id = by_name[name].id
    return {team.id: team for team in found}


async def _candidates(
    session: AsyncSession, round_: Round, tickets: Sequence[Routed]
) -> Mapping[int, Candidate]:
    """Nobody is looked for where teams take their tickets themselves and no customer is known."""
    pushing: Collection[int] = {
        t.team_id for t in tickets if (team := round_.teams.get(t.team_id or 0)) and team.push
    }
    known = {one.agent_id for ticket in tickets for one in round_.named(ticket)}
    if not pushing and not known:
        return {}
    round_.acting = await acting_for(session, known, now=round_.now)
    await queries.take_turn(session)
    found = await queries.candidates(
        session, team_ids=pushing, agent_ids=known | set(round_.acting.values())
    )
    # Rare: who has to keep away from a complaint is asked one by one.
    for about in {t.about_agent_id for t in tickets if t.about_agent_id is not None}:
        kept_away = [one for one in found if await is_recused(session, one, about=about)]
        round_.barred = {**round_.barred, about: frozenset(kept_away)}
    for agent_id in await absent_agents(session, now=round_.now):
        if agent_id in found:
            found[agent_id].absent = True
    return found


def _conditions(ticket: Routed) -> dict[str, str | None]:
    return {
        "kind": ticket.kind.value,
        "priority": ticket.priority.value,
        "category": ticket.category,
        "channel": ticket.channel,
        "language": ticket.language,
    }
