"""The file of one complaint: where it stands, and what its next step lacks."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from contact_center.agents.queries import all_agents
from contact_center.complaints import queries
from contact_center.complaints.actions import clocks, letters
from contact_center.complaints.actions.turns import Turn
from contact_center.complaints.models import (
    LEVELS,
    UNDECIDED,
    Case,
    EvidenceKind,
    Outcome,
    RedressKind,
    Stage,
)
from contact_center.complaints.rules.authority import shown
from contact_center.complaints.rules.extensions import Step, steps_of
from contact_center.complaints.rules.letters import LetterKind
from contact_center.complaints.rules.stages import SCORES, following, missing, needs_two
from contact_center.desk.render import page
from contact_center.desk.shell import surroundings
from contact_center.desk.story import Story, story_of
from contact_center.desk.turns import turn_of
from contact_center.messages.actions import conversation_to_answer
from contact_center.procedure import NOT_ESTABLISHED
from contact_center.sla.models import Clock, ClockKind
from contact_center.web.arguments import Id
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

routes = Routes("desk", prefix="/desk", documented=False)

_READ = Permission.TICKETS_READ
# The way of most complaints; what ends it stands for its last part.
WAY = (
    Stage.RECEIVED,
    Stage.ACKNOWLEDGED,
    Stage.ASSESSED,
    Stage.INVESTIGATING,
    Stage.DECISION_READY,
    Stage.RESPONDED,
    Stage.ACCEPTED,
    Stage.CLOSED,
)
_INSTEAD = {Stage.REJECTED_BY_CUSTOMER, Stage.SILENT, Stage.WITHDRAWN}  # of ACCEPTED
OURS = frozenset({ClockKind.ACKNOWLEDGEMENT, ClockKind.STATUS_UPDATE, ClockKind.FINAL_RESPONSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that the page of a complaint shows beside its ticket."""

    case: Case
    lacks: dict[str, list[str]]  # by the stages that may follow
    clocks: list[Clock]
    needed: list[str]  # contents of the response
    two_people: bool
    way: list[tuple[Stage, str]]  # with "done", "now" or "ahead"
    draft: str  # of the response
    alternatives: str
    extensions: list[Step]  # more time there may be
    summary: str  # draft of the letter to whoever accepted early, where it is owed
    over_since: datetime | None  # the end of the time to answer, where nobody has been told
    holding: str  # draft of the letter that is overdue then


@routes.get("/tickets/{ticket_id}/complaint", permission=_READ)
async def show_complaint(call: Call, ticket_id: Id) -> web.Response:
    session = call.session
    story = await story_of(session, ticket_id, reader=call.agent.id, now=call.now)
    sheet = await _sheet(call, session, ticket_id, story)
    shell = await surroundings(call, session, active="")
    return page(
        call,
        "complaint.html",
        story=story,
        sheet=sheet,
        evidence=await queries.evidence_of(session, ticket_id),
        actions=await queries.actions_of(session, ticket_id),
        colleagues=await all_agents(session, active_only=True),
        procedure=call.runtime.procedure,
        choices=CHOICES,
        money=shown,
        **shell,
    )


CHOICES: dict[str, Any] = {
    "scores": SCORES,
    "evidence": list(EvidenceKind),
    "outcomes": list(Outcome),
    "redress": list(RedressKind),
    "letters": list(LetterKind),
    "not_established": NOT_ESTABLISHED,
}


async def _sheet(call: Call, session: "AsyncSession", ticket_id: int, story: Story) -> Sheet:
    turn = turn_of(call)
    case = await queries.view_case(session, ticket_id, procedure=turn.procedure)
    preset = turn.policies.presets.get(case.complaint.preset)
    case.asked = preset.required_contents if preset else ()
    procedure, decision, complaint = turn.procedure, case.decision, case.complaint
    language = (await conversation_to_answer(session, case.ticket)).language
    names = {"reference": case.ticket.reference, "company": turn.settings.company}
    alternatives = "alternatives_last" if complaint.level == LEVELS else "alternatives"
    over_since = await clocks.over_since(session, case, now=call.now)
    is_ready = complaint.stage is Stage.DECISION_READY
    return Sheet(
        case=case,
        lacks={
            stage.value: missing(case, stage, procedure=procedure)
            for stage in sorted(following(case, now=call.now))
        },
        clocks=[clock for clock in story.clocks if clock.kind in OURS],
        needed=procedure.needed(case.asked, decision.outcome) if decision else [],
        two_people=needs_two(case, procedure),
        way=_way(complaint.stage),
        draft=await _draft(session, case, LetterKind.FINAL, language, turn) if is_ready else "",
        alternatives=turn.texts.say(language, f"complaints.{alternatives}", **names),
        extensions=await _extensions(session, case, turn),
        summary=await _draft(session, case, LetterKind.SUMMARY, language, turn)
        if complaint.owes_summary
        else "",
        over_since=over_since,
        holding=await _draft(session, case, LetterKind.OVERDUE, language, turn)
        if over_since
        else "",
    )


async def _draft(
    session: "AsyncSession", case: Case, kind: LetterKind, language: str, turn: Turn
) -> str:
    return (await letters.letter(session, case, kind, language=language, turn=turn)).text


async def _extensions(session: "AsyncSession", case: Case, turn: Turn) -> list[Step]:
    if case.complaint.stage not in UNDECIDED:
        return []
    terms = await clocks.final_terms(session, case)
    steps = steps_of(case.complaint, terms, turn.procedure)
    granted = case.complaint.extended_to
    return [step for step in steps if granted is None or step.latest > granted]


def _way(stage: Stage) -> list[tuple[Stage, str]]:
    """The stepper: an end that is not acceptance stands in its place."""
    way = [stage if step is Stage.ACCEPTED and stage in _INSTEAD else step for step in WAY]
    here = way.index(stage)
    return [
        (step, "done" if number < here else "now" if number == here else "ahead")
        for number, step in enumerate(way)
    ]
