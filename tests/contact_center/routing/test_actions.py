"""From a message to an offer, and what becomes of it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from contact_center.accounts.models import Account, Tier
from contact_center.agents.models import Absence, Presence, Role, TeamMember
from contact_center.agents.queries import get_agent
from contact_center.alerts.queries import alerts_of
from contact_center.db import Database
from contact_center.errors import Conflict, Forbidden
from contact_center.events import queries as events
from contact_center.events.rules import agent
from contact_center.routing import queries
from contact_center.routing.actions import offers
from contact_center.routing.models import OfferState, RoutedBy, RoutingDecision
from contact_center.switchboard import Matching, Rule, Switchboard, TeamPlan
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import AlreadyClaimed, Status, TransferReason
from contact_center.tickets.queries import get_ticket
from scheduler import sweeps
from tests.support.factories import inbound, make_agent, make_ticket

MINUTE = timedelta(minutes=1)


async def kinds(db, ticket_id) -> list[str]:
    async with db.read() as session:
        return [event.kind for event in await events.ticket_events(session, ticket_id)]


async def test_a_message_is_offered_to_a_member_in_the_transaction_that_takes_it(
    place, db, clock
) -> None:
    team, [li] = await place.team(people=1)

    ticket_id = await place.write()

    decision = await place.decision(ticket_id)
    assert (decision.agent_id, decision.rule) == (li, RoutedBy.POOL)
    assert (decision.offer, decision.created_at) == (OfferState.OFFERED, clock())
    assert decision.expires_at == clock() + 2 * MINUTE
    assert decision.reasons[0] == {"code": "team_default", "number": 1, "name": team.name}
    assert (await kinds(db, ticket_id))[-1] == "ticket.offered"


async def test_a_batch_is_spread_over_the_members_and_never_beyond_their_capacity(
    place, intake, db
) -> None:
    await place.team(people=3, capacity=2)

    await intake.handle([inbound(f"number {n}") for n in range(8)])

    async with db.read() as session:
        found = (await session.scalars(select(RoutingDecision.agent_id))).all()
    given = [number for number in found if number is not None]
    assert sorted(given.count(number) for number in set(given)) == [2, 2, 2]
    assert found.count(None) == 2


async def test_the_owner_of_another_open_ticket_is_offered_the_new_one(place, db, clock) -> None:
    await place.team(push=False)
    owner, address = await place.agent(), await place.customer()
    first = await place.write(address=address, thread="one")
    async with db.begin() as session:
        await tickets.claim(session, first, by=agent(owner), now=clock())

    second = await place.write(address=address, thread="two")

    decision = await place.decision(second)
    assert (decision.agent_id, decision.rule) == (owner, RoutedBy.TICKET_OWNER)
    assert decision.reasons[-1] == {"code": "ticket_owner", "agent": owner, "ticket": first}


async def test_g29_who_stands_in_for_an_absent_owner_is_offered_what_is_theirs(
    place, db, clock
) -> None:
    await place.team(push=False)
    chen, address = await place.agent(), await place.customer()
    li = await place.agent()
    first = await place.write(address=address, thread="one")
    async with db.begin() as session:
        await tickets.claim(session, first, by=agent(li), now=clock())
        session.add(
            Absence(
                agent_id=li,
                deputy_id=chen,
                starts_at=clock() - MINUTE,
                ends_at=clock() + MINUTE,
                reason="holiday",
                created_at=clock(),
            )
        )

    decision = await place.decision(await place.write(address=address, thread="two"))
    clock.advance(minutes=2)
    later = await place.decision(await place.write(address=address, thread="three"))

    assert decision.agent_id == chen
    assert [reason.get("not") for reason in decision.reasons[1:]] == ["absent", None]
    assert decision.reasons[-1]["for"] == li
    assert later.agent_id == li


async def test_o7_a_complaint_about_somebody_is_never_offered_to_them(
    place, db, clock, runtime
) -> None:
    team, [lead] = await place.team(people=1, role=Role.LEAD)
    _, [other] = await place.team("Other", people=1, role=Role.LEAD)
    async with db.begin() as session:
        below = await make_agent(session, now=clock())
        session.add(TeamMember(team_id=team.id, agent_id=below.id))
        ticket = await make_ticket(session, now=clock(), team_id=team.id, about_agent_id=lead)

    await sweeps.route_waiting(runtime)
    alone = (await place.decision(ticket.id)).agent_id
    async with db.begin() as session:
        session.add(TeamMember(team_id=team.id, agent_id=other))
    await sweeps.route_waiting(runtime)

    assert (alone, (await place.decision(ticket.id)).agent_id) == (None, other)


@pytest.mark.parametrize(
    ("tier", "manager", "expected"),
    [
        (Tier.A, Presence.ONLINE, RoutedBy.MANAGER),
        (Tier.A, Presence.OFFLINE, RoutedBy.DEPUTY),
        (Tier.B, Presence.ONLINE, RoutedBy.SPECIALIST),
        (Tier.C, Presence.ONLINE, RoutedBy.QUEUE),
    ],
)
async def test_the_people_of_an_account_are_asked_by_its_tier(
    place, db, clock, tier, manager, expected
) -> None:
    await place.team(push=False)
    people = [await place.agent(presence=manager), await place.agent(), await place.agent()]
    async with db.begin() as session:
        account = Account(
            name="Water Works",
            tier=tier,
            manager_id=people[0],
            deputy_id=people[1],
            specialist_id=people[2],
            created_at=clock(),
        )
        session.add(account)
        await session.flush()
    address = await place.customer(account_id=account.id)

    decision = await place.decision(await place.write(address=address))

    assert decision.rule is expected


async def test_where_members_take_tickets_themselves_nobody_is_asked_and_it_is_said(
    place, clock
) -> None:
    await place.team(push=False, people=2)

    decision = await place.decision(await place.write())

    assert (decision.rule, decision.agent_id, decision.offer) == (RoutedBy.QUEUE, None, None)
    assert decision.reasons[-1]["code"] == "pull"
    assert decision.look_at == clock() + 15 * MINUTE


async def test_a_skill_that_a_rule_asks_for_finds_who_has_it(place, intake) -> None:
    await place.team(people=2)
    _, [expert] = await place.team("Experts", people=1, skills=["vat"])
    board = Switchboard(rules=[Rule("Experts", {"category": ["tax"]}, frozenset({"vat"}))])
    object.__setattr__(intake, "routes", board)

    decision = await place.decision(await place.write(category="tax"))

    assert decision.agent_id == expert
    assert {"code": "skills", "agent": expert, "skills": ["vat"]} in decision.reasons


async def test_to_accept_is_to_claim(place, db, clock) -> None:
    _, [li] = await place.team(people=1)
    ticket_id = await place.write()
    offer = await place.decision(ticket_id)

    async with db.begin() as session:
        await offers.accept(session, offer.id, by=agent(li), now=clock())

    async with db.read() as session:
        ticket = await get_ticket(session, ticket_id)
        assert await queries.live_decision(session, ticket_id) is None
    assert (ticket.status, ticket.assignee_id, ticket.owner_id) == (Status.OPEN, li, li)
    assert (await place.decision(ticket_id)).offer is OfferState.ACCEPTED


async def test_what_is_offered_to_somebody_else_cannot_be_accepted(place, db, clock) -> None:
    await place.team(people=1)
    other = await place.agent()
    offer = await place.decision(await place.write())

    async with db.begin() as session:
        with pytest.raises(Forbidden, match="somebody else"):
            await offers.accept(session, offer.id, by=agent(other), now=clock())


async def test_an_offer_that_has_run_out_cannot_be_accepted(place, db, clock) -> None:
    _, [li] = await place.team(people=1)
    offer = await place.decision(await place.write())
    clock.advance(minutes=2)

    async with db.begin() as session:
        with pytest.raises(Conflict, match="has run out"):
            await offers.accept(session, offer.id, by=agent(li), now=clock())


async def test_an_offer_is_answered_once(place, db, clock, switchboard) -> None:
    _, [li] = await place.team(people=1)
    offer = await place.decision(await place.write())
    by = {"by": agent(li), "now": clock()}
    async with db.begin() as session:
        await offers.decline(session, offer.id, switchboard=switchboard, **by)

    async with db.begin() as session:
        with pytest.raises(Conflict, match="declined already"):
            await offers.accept(session, offer.id, **by)


async def test_who_was_quicker_is_named_to_whom_it_was_offered(place, db, clock) -> None:
    _, [li] = await place.team(people=1)
    quick = await place.agent(name="Quick")
    ticket_id = await place.write()
    offer = await place.decision(ticket_id)
    async with db.begin() as session:
        await tickets.claim(session, ticket_id, by=agent(quick), now=clock())

    async with db.begin() as session:
        with pytest.raises(AlreadyClaimed, match="Quick"):
            await offers.accept(session, offer.id, by=agent(li), now=clock())


async def test_what_one_declines_the_next_is_asked_at_once(place, db, clock, switchboard) -> None:
    _, members = await place.team(people=2)
    ticket_id = await place.write()
    first = await place.decision(ticket_id)

    async with db.begin() as session:
        await offers.decline(
            session, first.id, by=agent(first.agent_id), switchboard=switchboard, now=clock()
        )

    second = await place.decision(ticket_id)
    assert {first.agent_id, second.agent_id} == set(members)
    assert (await kinds(db, ticket_id))[-2:] == ["ticket.offer_declined", "ticket.offered"]


async def test_an_offer_nobody_answers_goes_to_the_next_and_then_waits_in_the_queue(
    place, db, clock, runtime
) -> None:
    _, members = await place.team(people=2)
    ticket_id = await place.write()
    asked = [(await place.decision(ticket_id)).agent_id]
    clock.advance(minutes=2)

    await sweeps.route_waiting(runtime)
    asked.append((await place.decision(ticket_id)).agent_id)
    clock.advance(minutes=2)
    await sweeps.route_waiting(runtime)

    last = await place.decision(ticket_id)
    assert sorted(asked) == sorted(members)
    assert (last.rule, last.agent_id) == (RoutedBy.QUEUE, None)
    async with db.read() as session:
        states = [one.offer for one in await queries.decisions_of(session, ticket_id)]
    assert states == [None, OfferState.EXPIRED, OfferState.EXPIRED]


async def test_what_was_taken_by_hand_is_let_go_all_at_once(
    place, db, clock, runtime, monkeypatch
) -> None:
    _, [li] = await place.team(people=1, push=False)
    ids = [await place.write(f"the {n}", thread=f"thread {n}") for n in range(3)]
    async with db.begin() as session:
        for ticket_id in ids[:2]:
            await tickets.claim(session, ticket_id, by=agent(li), now=clock())
    clock.advance(days=9)
    looked_at = []

    async def reconsider(session, ticket_id, **_) -> None:
        looked_at.append(ticket_id)

    monkeypatch.setattr(offers, "reconsider", reconsider)
    assert await sweeps.route_waiting(runtime) == 3

    assert looked_at == ids[2:]
    ended = [(await place.decision(ticket_id)).ended_at for ticket_id in ids]
    assert ended == [clock(), clock(), None]


async def test_who_comes_to_work_is_offered_what_waits_the_most_urgent_first(
    place, db, clock, runtime
) -> None:
    _, [li] = await place.team(people=1, presence=Presence.OFFLINE, capacity=1)
    await place.write("can wait", priority="low")
    urgent = await place.write("burns", priority="urgent")
    assert await sweeps.route_waiting(runtime) == 0
    async with db.begin() as session:
        (await get_agent(session, li)).presence = Presence.ONLINE

    await sweeps.route_waiting(runtime)

    async with db.read() as session:
        [(offer, _)] = await queries.offers_to(session, li, now=clock())
    assert offer.ticket_id == urgent


async def test_what_nobody_takes_climbs_to_the_leads_later_and_later(
    place, db, clock, runtime
) -> None:
    await place.team(push=False)
    lead = await place.agent(role="lead")
    ticket_id = await place.write()

    alerts = []
    for minutes in (14, 1, 14, 1, 29, 1):
        clock.advance(minutes=minutes)
        await sweeps.route_waiting(runtime)
        alerts.append((await kinds(db, ticket_id)).count("lead.alerted"))

    assert alerts == [0, 1, 1, 2, 2, 3]
    async with db.read() as session:
        assert len(await queries.decisions_of(session, ticket_id)) == 1  # nothing new was decided
        told = await alerts_of(session, lead)
    assert {one.kind for one in told} == {"routing.unclaimed"}
    assert len(told) == 3


async def test_a_ticket_overflows_to_another_team(place, db, clock, runtime, switchboard) -> None:
    await place.team(push=False)
    other, [helper] = await place.team("Backup", people=1)
    plan = TeamPlan(name="Service", overflow_to="Backup", overflow_after=300)
    object.__setattr__(switchboard, "teams", {"Service": plan})
    ticket_id = await place.write()
    clock.advance(minutes=5)

    await sweeps.route_waiting(runtime)

    decision = await place.decision(ticket_id)
    async with db.read() as session:
        assert (await get_ticket(session, ticket_id)).team_id == other.id
    assert (decision.agent_id, decision.team_id) == (helper, other.id)
    assert "ticket.overflowed" in await kinds(db, ticket_id)


async def test_a_ticket_that_comes_back_into_a_queue_is_routed(place, db, clock, runtime) -> None:
    team, _ = await place.team(people=1)
    worker = await place.agent()
    async with db.begin() as session:
        ticket = await make_ticket(session, now=clock())
        await tickets.claim(session, ticket.id, by=agent(worker), now=clock())
        await tickets.transfer(
            session,
            ticket.id,
            to_team=team.id,
            reason=TransferReason.SKILL,
            by=agent(worker),
            now=clock(),
        )

    await sweeps.route_waiting(runtime)

    # Its owner comes first: she answers for it whoever works on it.
    assert (await place.decision(ticket.id)).agent_id == worker


async def test_a_ticket_that_was_claimed_from_the_queue_ends_its_offer(
    place, db, clock, runtime
) -> None:
    await place.team(people=1)
    quick = await place.agent()
    ticket_id = await place.write()
    async with db.begin() as session:
        await tickets.claim(session, ticket_id, by=agent(quick), now=clock())
    clock.advance(minutes=2)

    await sweeps.route_waiting(runtime)

    assert (await place.decision(ticket_id)).offer is OfferState.WITHDRAWN


async def test_language_can_be_required(place, intake) -> None:
    await place.team(people=1, languages=["en"])
    board = Switchboard(rules=intake.routes.rules, matching=Matching(language="require"))
    object.__setattr__(intake, "routes", board)

    ticket_id = await place.write()
    assert (await place.decision(ticket_id)).agent_id is not None

    object.__setattr__(intake.settings, "language", "zh")
    other = await place.decision(await place.write())
    assert (other.agent_id, other.reasons[-1]["code"]) == (None, "nobody_fits")


@pytest.mark.race
async def test_two_processes_give_nobody_more_than_they_can_take(
    place, intake, database_url, clock, db
) -> None:
    await place.team(people=2, capacity=3)
    others = [Database(database_url) for _ in range(3)]
    nodes = [intake, *[type(intake)(**_fields(intake) | {"db": other}) for other in others]]

    await asyncio.gather(
        *[node.handle([inbound(f"{n}-{i}") for i in range(5)]) for n, node in enumerate(nodes)]
    )
    for other in others:
        await other.dispose()

    async with db.read() as session:
        given = list(await session.scalars(select(RoutingDecision.agent_id)))
    assert len(given) == 20
    assert sorted(given.count(n) for n in set(given) - {None}) == [3, 3]


def _fields(intake):
    return {name: getattr(intake, name) for name in intake.__dataclass_fields__}
