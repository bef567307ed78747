"""Who may grant, approve, review and decide."""

from contact_center.complaints.models import LEVELS, Case
from contact_center.complaints.rules.stages import StepRefused
from contact_center.errors import Forbidden
from contact_center.procedure import ROLES, Procedure, Role


def check_may_grant(
    case: Case, *, role: str, name: str, procedure: Procedure, more: int = 0
) -> None:
    """Raises Forbidden when all redress of the complaint is more than the role may grant."""
    limit, wanted = procedure.authority.of(role), case.live + more
    if wanted > limit:
        raise Forbidden(
            code="complaint.beyond_authority",
            name=name,
            shown_limit=shown(limit),
            currency=procedure.currency,
            shown_wanted=shown(wanted),
            limit=limit,
            wanted=wanted,
        )


def check_may_approve(case: Case, agent_id: int, *, role: str) -> None:
    """The second pair of eyes: neither who decided nor who investigated, and a lead at least."""
    decision = case.decision
    if decision is None:
        raise StepRefused(code="complaint.no_decision_to_approve")
    if agent_id in (decision.decided_by, case.complaint.handler_id):
        raise Forbidden(code="complaint.approved_by_another")
    if not is_at_least(role, "lead"):
        raise Forbidden(code="complaint.lead_approves")


def check_may_review(case: Case, agent_id: int) -> None:
    """A review is made by somebody who had no part in the first decision."""
    part = {
        person
        for level, decision in case.decisions.items()
        if level < LEVELS
        for person in (decision.decided_by, decision.approved_by, decision.sent_by)
    }
    if case.complaint.level == 1:
        part.add(case.complaint.handler_id)
    if agent_id in part:
        raise Forbidden(code="complaint.review_by_another")


def check_may_decide(case: Case, agent_id: int) -> None:
    """At the review only who reviews decides."""
    complaint = case.complaint
    if complaint.level > 1:
        check_may_review(case, agent_id)
        if agent_id != complaint.handler_id:
            raise Forbidden(code="complaint.review_elsewhere")


def is_at_least(role: str, other: Role) -> bool:
    return role in ROLES and ROLES.index(role) >= ROLES.index(other)


def shown(amount: int) -> str:
    return f"{amount // 100:,}.{amount % 100:02d}"
