from datetime import timedelta

import pytest

from contact_center.agents.actions import plan_absence
from contact_center.agents.models import Absent
from contact_center.calendars.week import Calendar
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.events.rules import SYSTEM, agent
from contact_center.handovers import queries
from contact_center.handovers.actions import requests
from contact_center.handovers.models import HandoverKind, HandoverState
from contact_center.settings import HandoverSettings
from contact_center.supervision.queries import orders_of
from contact_center.tickets.actions import cancel, claim
from contact_center.tickets.models import IllegalTransition, Status, TransferReason
from tests.contact_center.handovers.conftest import TERMS
from tests.support.factories import make_team

OWNERSHIP = HandoverKind.OWNERSHIP


async def test_o4_nothing_changes_hands_before_it_is_accepted_and_the_owner_never(office) -> None:
    ticket, li, wang = office.ticket, office.li, office.wang

    handover = await office.ask(li, wang, note="He knows the router")

    assert (ticket.owner_id, ticket.assignee_id) == (li.id, li.id)
    assert await office.told(wang) == ["handover.requested"]
    await office.accept(handover, wang)
    assert (ticket.owner_id, ticket.assignee_id) == (li.id, wang.id)
    assert await office.told(li) == ["handover.accepted"]
    assert (await office.happened())[-3:] == [
        "handover.requested",
        "ticket.transferred",
        "handover.accepted",
    ]


async def test_g28_a_transfer_nobody_accepts_returns_to_the_sender(office, clock) -> None:
    ticket, li, zhao = office.ticket, office.li, office.zhao
    handover = await office.ask(li, zhao)
    clock.advance(minutes=30)

    assert (
        await queries.lock_expired(
            office.session, now=clock() - timedelta(seconds=1), after=0, limit=9
        )
        == []
    )
    [number] = await queries.lock_expired(office.session, now=clock(), after=0, limit=9)
    await requests.expire(office.session, number, now=clock())

    assert handover.state is HandoverState.EXPIRED
    assert (ticket.owner_id, ticket.assignee_id) == (li.id, li.id)
    assert await office.told(li) == ["handover.expired"]
    with pytest.raises(Conflict, match="is expired already"):
        await office.accept(handover, zhao)


async def test_what_is_accepted_too_late_stays_where_it_is_before_the_sweep_comes(
    office, clock
) -> None:
    handover = await office.ask(office.li, office.zhao)
    clock.advance(minutes=30, seconds=1)

    with pytest.raises(Conflict, match="has expired"):
        await office.accept(handover, office.zhao)

    assert office.ticket.assignee_id == office.li.id


async def test_half_an_hour_is_counted_in_working_time(office, clock) -> None:
    nine_to_five = (*[((540, 1020),)] * 5, (), ())
    calendar = Calendar(name="office", zone="UTC", week=nine_to_five)
    terms = requests.Terms(calendar=calendar, settings=HandoverSettings())
    clock.advance(hours=4, minutes=50)  # Monday 16:50

    handover = await office.ask(office.li, office.wang, terms=terms)

    assert f"{handover.expires_at:%a %H:%M}" == "Tue 09:20"


async def test_g28_the_third_transfer_orders_supervision_and_there_and_back_are_two(
    office,
) -> None:
    li, wang, zhao, ticket = office.li, office.wang, office.zhao, office.ticket
    await office.transfer(li, wang)
    await office.transfer(wang, li)
    assert (ticket.transfer_count, await orders_of(office.session, ticket.id)) == (2, [])

    await office.transfer(li, zhao)

    [order] = await orders_of(office.session, ticket.id)
    assert (order.cause.value, order.facts) == ("transfers", {"count": 3})
    assert "supervision.ordered" in await office.told(office.lead)
    assert ticket.owner_id == li.id


async def test_a_teams_queue_accepts_at_once_and_counts(office, clock) -> None:
    team = await make_team(office.session, now=clock())
    asked = await office.ask(office.li, office.wang)

    ticket = await requests.to_team(
        office.session,
        office.ticket.id,
        team=team.id,
        reason=TransferReason.WRONG_CATEGORY,
        by=agent(office.li.id),
        now=clock(),
    )

    assert (ticket.status, ticket.assignee_id, ticket.owner_id) == (
        Status.QUEUED,
        None,
        office.li.id,
    )
    assert (ticket.transfer_count, asked.state) == (2, HandoverState.WITHDRAWN)


async def test_who_was_asked_declines_with_a_reason(office, clock) -> None:
    handover = await office.ask(office.li, office.wang)
    by = agent(office.wang.id)

    with pytest.raises(Invalid, match="say why"):
        await requests.decline(office.session, handover.id, why=" ", by=by, now=clock())
    await requests.decline(office.session, handover.id, why="On the phone", by=by, now=clock())

    assert (handover.state, handover.answer) == (HandoverState.DECLINED, "On the phone")
    assert office.ticket.assignee_id == office.li.id
    assert await office.told(office.li) == ["handover.declined"]


async def test_only_who_was_asked_answers_and_only_who_asked_takes_back(office, clock) -> None:
    handover = await office.ask(office.li, office.wang)

    for name in ("li", "zhao", "lead"):
        with pytest.raises(Forbidden):
            await office.accept(handover, office.people[name])
    with pytest.raises(Forbidden):
        await requests.withdraw(office.session, handover.id, by=agent(office.zhao.id), now=clock())
    await requests.withdraw(office.session, handover.id, by=agent(office.li.id), now=clock())

    assert handover.state is HandoverState.WITHDRAWN
    assert await office.told(office.wang) == ["handover.withdrawn", "handover.requested"]


async def test_one_request_at_a_time(office) -> None:
    await office.ask(office.li, office.wang)

    with pytest.raises(Conflict, match="another request"):
        await office.ask(office.li, office.zhao)
    await office.ask(office.li, office.zhao, kind=OWNERSHIP)  # is another question


async def test_bad_requests_are_refused_before_anything_changes(office, clock) -> None:
    li, wang, zhao = office.li, office.wang, office.zhao
    await plan_absence(
        office.session,
        zhao.id,
        starts_at=clock(),
        ends_at=clock() + timedelta(days=1),
        deputy_id=wang.id,
        by=SYSTEM,
        now=clock(),
    )
    before = (office.ticket.version, await office.happened())

    with pytest.raises(Invalid, match="with that agent already"):
        await office.ask(li, li)
    with pytest.raises(Absent, match="Zhao is absent: Wang stands in"):
        await office.ask(li, zhao)
    with pytest.raises(Forbidden, match="only the owner"):
        await office.ask(wang, office.lead, kind=OWNERSHIP)
    wang.active = False
    with pytest.raises(Conflict, match="no longer works here"):
        await office.ask(li, wang)

    assert (office.ticket.version, await office.happened()) == before
    assert office.ticket.transfer_count == 0


async def test_a_ticket_that_is_over_cannot_be_handed_over(office, clock) -> None:
    handover = await office.ask(office.li, office.wang)
    by = agent(office.lead.id)
    await cancel(office.session, office.ticket.id, by=by, now=clock(), reason="spam")

    for kind in HandoverKind:
        with pytest.raises(IllegalTransition):
            await office.ask(office.li, office.zhao, kind=kind)
    with pytest.raises(IllegalTransition):
        await office.accept(handover, office.wang)


async def test_o2_accountability_moves_when_it_is_accepted(office) -> None:
    ticket, li, wang = office.ticket, office.li, office.wang

    handover = await office.ask(li, wang, kind=OWNERSHIP)
    assert ticket.owner_id == li.id
    await office.accept(handover, wang)

    assert (ticket.owner_id, ticket.assignee_id) == (wang.id, wang.id)
    assert (await office.happened())[-2:] == ["owner.changed", "handover.accepted"]


async def test_what_changed_hands_meanwhile_is_not_taken_over(office, clock) -> None:
    handover = await office.ask(office.li, office.wang)
    office.ticket.assignee_id = office.zhao.id

    with pytest.raises(Conflict, match="changed hands"):
        await office.accept(handover, office.wang)
    again = await office.ask(office.zhao, office.lead)

    assert (handover.state, again.state) == (HandoverState.WITHDRAWN, HandoverState.REQUESTED)


async def test_g27_the_first_responder_answers_for_it_whoever_works_on_it(office, clock) -> None:
    """The part of ownership: the colleague works, teams work, Li stays accountable."""
    li, wang, ticket = office.li, office.wang, office.ticket
    await office.transfer(li, wang)
    for name in ("Billing", "Network"):
        team = await make_team(office.session, now=clock(), name=name)
        await requests.to_team(
            office.session,
            ticket.id,
            team=team.id,
            reason=TransferReason.SKILL,
            by=agent(wang.id),
            now=clock(),
        )
        await claim(office.session, ticket.id, by=agent(wang.id), now=clock())
        assert ticket.owner_id == li.id

    assert TERMS.settings.accept_within == 30
