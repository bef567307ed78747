"""Invariants O1–O8: somebody answers for every ticket, and it is clear who and why."""

from contact_center.agents.models import Role, is_subordinate
from contact_center.events.rules import Actor, agent_id
from contact_center.handovers.models import HandoverState
from contact_center.tickets.models import ACTIVE, FINISHED, WAITING, Status
from tests.acceptance.machine.desk import Desk
from tests.acceptance.machine.sight import Row
from tests.acceptance.machine.story import Story

OWNED = WAITING | {Status.OPEN, Status.RESOLVED}
BY_HANDOVER = {"ticket.transferred", "handover.declined", "handover.expired", "handover.withdrawn"}


def check(desk: Desk, stories: dict[int, Story]) -> None:
    for _, ticket in desk.sight.changed("tickets"):
        told = stories[ticket.id]
        assert (ticket.owner_id, ticket.assignee_id) == (told.owner, told.assignee), "O2"
    absent = desk.absent()
    for ticket in desk.sight.now["tickets"].values():
        if ticket.status not in FINISHED:
            _check_somebody_is_there(desk, ticket, absent)
    for event in desk.sight.fresh:
        if event.ticket_id is not None:
            _check_event(desk, event)


def _check_somebody_is_there(desk: Desk, ticket: Row, absent: dict[int, int | None]) -> None:
    people = desk.sight.now["agents"]
    if ticket.status in OWNED:
        assert ticket.owner_id is not None, "O1"
    for number in (ticket.owner_id, ticket.assignee_id if ticket.status in ACTIVE else None):
        if number is None:
            continue
        assert people[number].active, "O5"
        if number in absent:
            assert desk.acting(number) is not None, "O1, O6"
        assert not is_recused(desk, number, ticket), "O7"
    for handover in desk.sight.of("handovers", ticket.id):
        if handover.state == HandoverState.REQUESTED:
            assert not is_recused(desk, handover.receiver_id, ticket), "O7"


def _check_event(desk: Desk, event: Row) -> None:
    """What one event may not bring about; `Story` says what it does."""
    before = desk.sight.before["tickets"].get(event.ticket_id)
    after = desk.sight.now["tickets"][event.ticket_id]
    told = {one.kind for one in desk.sight.fresh if one.ticket_id == event.ticket_id}
    if event.kind in BY_HANDOVER and before is not None and "owner.changed" not in told:
        assert after.owner_id == before.owner_id, "O4"
    if event.kind in BY_HANDOVER - {"ticket.transferred"} and told == {event.kind}:
        assert after.assignee_id == before.assignee_id, "it stays with the sender"
    if event.kind == "work_order.finished":
        assert "ticket.resolved" not in told, "O8"
        was_resolved = before is not None and before.status == Status.RESOLVED
        assert was_resolved or after.status != Status.RESOLVED, "O8"
    if event.kind == "ticket.reopened":
        assert after.owner_id == before.owner_id or "owner.changed" in told, "to the same owner"
    number = agent_id(Actor(event.actor))
    if number is not None and before is not None and before.about_agent_id == after.about_agent_id:
        assert not is_recused(desk, number, after), "O7"


def is_recused(desk: Desk, number: int, ticket: Row) -> bool:
    about = ticket.about_agent_id
    if about is None or number == about:
        return bool(about)
    people = desk.sight.now["agents"]
    shared = any({number, about} <= set(members) for members in desk.members.values())
    to = Role(people[about].role)
    return is_subordinate(Role(people[number].role), to=to, share_team=shared)
