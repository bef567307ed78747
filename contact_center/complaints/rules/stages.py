"""Which step may follow, and what is missing for it."""

from datetime import datetime

from contact_center.complaints.models import (
    ACTION_MOVES,
    LEVELS,
    MOVES,
    OVER,
    REDRESS_MOVES,
    UNDECIDED,
    UNSAFE,
    ActionState,
    Case,
    Complaint,
    CorrectiveAction,
    Outcome,
    RedressItem,
    RedressState,
    Stage,
)
from contact_center.errors import Conflict, Invalid
from contact_center.procedure import NOT_ESTABLISHED, Procedure
from contact_center.tickets.models import Priority, reference

SCORES = ("severity", "safety", "complexity", "impact", "urgency")
WORST = 3


class StepRefused(Conflict):
    """The complaint cannot take this step."""


# Stages


def check_step(case: Case, to: Stage, *, now: datetime, procedure: Procedure | None = None) -> None:
    """Raises StepRefused that says what is missing, all of it."""
    check_move(case, to, now=now)
    if lacks := missing(case, to, procedure=procedure):
        raise StepRefused(
            code="complaint.lacks", reference=reference(case.ticket.id), to=to, missing=lacks
        )


def check_move(case: Case, to: Stage, *, now: datetime) -> None:
    """Whether the stage may follow at all."""
    stage = case.complaint.stage
    if case.complaint.downgraded_at is not None:
        raise StepRefused(code="complaint.no_longer", reference=reference(case.ticket.id))
    if to not in MOVES[stage]:
        raise StepRefused(
            code="complaint.cannot_become",
            reference=reference(case.ticket.id),
            stage=stage,
            to=to,
            allowed=sorted(following(case, now=now)),
        )


def following(case: Case, *, now: datetime) -> frozenset[Stage]:
    """What may come next, of this one: before the response only who is early accepts."""
    complaint, stage = case.complaint, case.complaint.stage
    if complaint.downgraded_at is not None:
        return frozenset()
    if stage is Stage.ACCEPTED:
        return frozenset({Stage.CLOSED, turned_down_to(complaint)})
    if stage in UNDECIDED and not _may_accept_early(complaint, now=now):
        return MOVES[stage] - {Stage.ACCEPTED}
    return MOVES[stage]


def check_early(complaint: Complaint, *, now: datetime) -> None:
    """Raises StepRefused where only a response can be accepted."""
    if _may_accept_early(complaint, now=now):
        return
    number, until = reference(complaint.ticket_id), complaint.summary_due_at
    if until is not None and complaint.level == 1:
        raise StepRefused(code="complaint.early_acceptance_over", number=number, until=until)
    raise StepRefused(code="complaint.nothing_to_answer", number=number)


def turned_down_to(complaint: Complaint) -> Stage:
    """Where a complaint goes whose customer does not accept; without a response to the work."""
    is_early = complaint.stage is Stage.ACCEPTED and complaint.responded_at is None
    return Stage.ACKNOWLEDGED if is_early else Stage.REJECTED_BY_CUSTOMER


def _may_accept_early(complaint: Complaint, *, now: datetime) -> bool:
    """At the review there is a response that the customer did not accept."""
    return complaint.level == 1 and complaint.is_early(now)


def missing(case: Case, to: Stage, *, procedure: Procedure | None = None) -> list[str]:
    """Codes of what has to be there before a stage; the response depends on the procedure."""
    if to is Stage.ACKNOWLEDGED:
        return _named(
            owner=case.ticket.owner_id is None,
            next_step=not case.complaint.next_step.strip(),
            next_date=case.complaint.next_at is None,
        )
    if to in (Stage.ASSESSED, Stage.INVESTIGATING):
        lacks = _named(assessment=not is_assessed(case.complaint))
        return lacks + _named(
            handler=to is Stage.INVESTIGATING and case.complaint.handler_id is None
        )
    if to is Stage.DECISION_READY:
        return _missing_for_decision(case)
    if to is Stage.RESPONDED:
        assert procedure is not None
        return _missing_for_response(case, procedure)
    if to is Stage.ACCEPTED:
        return _named(
            channel=not case.complaint.answer_channel, quote=not case.complaint.answer_quote
        )
    return _missing_for_closure(case) if to is Stage.CLOSED else []


def _missing_for_decision(case: Case) -> list[str]:
    """A simple case is decided without an investigation."""
    complaint = case.complaint
    investigated = complaint.stage is not Stage.ASSESSED
    needs_evidence = complaint.root_cause != NOT_ESTABLISHED and not case.evidence
    return _named(
        assessment=not is_assessed(complaint),
        root_cause=investigated and not complaint.root_cause,
        evidence=investigated and needs_evidence,
        work_orders=case.ticket.open_work_orders > 0,
        decision=case.decision is None,
    )


def _missing_for_response(case: Case, procedure: Procedure) -> list[str]:
    decision = case.decision
    if decision is None:
        return ["decision"]
    lacks = _named(
        approval=needs_two(case, procedure) and decision.approved_by is None,
        redress_approval=any(item.state is RedressState.PROPOSED for item in case.redress),
    )
    needed = procedure.needed(case.asked, decision.outcome)
    return lacks + [f"content.{code}" for code in needed if code not in decision.contents]


def _missing_for_closure(case: Case) -> list[str]:
    complaint = case.complaint
    if complaint.stage in (Stage.ACCEPTED, Stage.SILENT):  # what was granted is owed to both
        return _named(
            redress=any(item.state is RedressState.APPROVED for item in case.redress),
            redress_approval=any(item.state is RedressState.PROPOSED for item in case.redress),
            summary=complaint.owes_summary,
        )
    if complaint.stage is Stage.REJECTED_BY_CUSTOMER:
        return _named(
            alternatives_internal=complaint.informed_internal_at is None,
            alternatives_external=not complaint.knows_bodies,
            review=complaint.level < LEVELS and complaint.review_declined_at is None,
        )
    return []


def _named(**lacks: bool) -> list[str]:
    return [name for name, is_missing in lacks.items() if is_missing]


def is_assessed(complaint: Complaint) -> bool:
    return all(getattr(complaint, name) is not None for name in SCORES)


def priority_for(
    *, severity: int, safety: int, impact: int, urgency: int, procedure: Procedure
) -> Priority:
    """Complexity says how long it takes, not how soon it must begin."""
    if safety >= UNSAFE:
        return Priority.URGENT
    return Priority(procedure.matrix[max(severity, impact)][urgency])


def check_scores(scores: dict[str, int]) -> None:
    if set(scores) != set(SCORES):
        raise Invalid(code="complaint.assess_all", scores=list(SCORES))
    for name, score in scores.items():
        if not 0 <= score <= WORST:
            raise Invalid(code="complaint.score", score_name=name, worst=WORST, score=score)


def needs_two(case: Case, procedure: Procedure) -> bool:
    """A rejection, and redress beyond the limit, are decided by two people."""
    decision = case.decision
    rejects = decision is not None and decision.outcome is Outcome.REJECTED
    return rejects or case.live > procedure.two_people_above


def check_is_open(case: Case) -> None:
    if case.complaint.stage in OVER or case.complaint.downgraded_at is not None:
        raise StepRefused(code="complaint.over", reference=reference(case.ticket.id))


# Time


def check_silence(
    case: Case, *, now: datetime, procedure: Procedure, callback_in_vain: bool
) -> None:
    """Silence is found after a callback in vain, or after the days that are configured."""
    complaint = case.complaint
    if complaint.stage is not Stage.RESPONDED or callback_in_vain:
        return
    sent_at = case.decision.sent_at if case.decision else None
    since = sent_at or complaint.responded_at
    if since is None or since > procedure.silent_since(now):
        raise StepRefused(code="complaint.not_silence_yet", days=procedure.silent_after_days)


# Redress and corrective actions


def check_redress(item: RedressItem, to: RedressState) -> None:
    if to not in REDRESS_MOVES[item.state]:
        raise Conflict(code="complaint.redress_state", state=item.state, to=to)


def check_action(action: CorrectiveAction, to: ActionState) -> None:
    """One step after the other: it cannot be closed unchecked."""
    if ACTION_MOVES[action.state] is not to:
        raise Conflict(
            code="corrective.state",
            id=action.id,
            state=action.state,
            to=to,
            next=ACTION_MOVES[action.state],
        )
