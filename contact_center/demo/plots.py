"""How a story goes: who does what, and how long after the first message. Pure but for `random`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from random import Random

from contact_center.demo.stories import Telling
from contact_center.tickets.models import Status, TicketKind

DIALOGUES = ("webchat", "telegram")  # where the chatbot talks first
ASK_AFTER = 60.5  # minutes; the timetable looks every minute
SILENCE = 72 * 60 + 1.0  # minutes


class Do(StrEnum):
    SAY = "say"  # the customer
    FORM = "form"  # the customer answers the next question of the complaint form
    CLAIM = "claim"
    SORT = "sort"  # it is a complaint, or more urgent than it looks
    REPLY = "reply"
    NOTE = "note"
    TRANSFER = "transfer"
    WAIT = "wait"
    RESOLVE = "resolve"
    PLAN = "plan"  # the callback
    CALL = "call"  # what has come due of it
    ANSWER = "answer"  # the customer, to the callback
    CANCEL = "cancel"
    CLOSE = "close"
    MERGE = "merge"  # into the ticket of the case before
    SPLIT = "split"  # the last message is about something else
    CHECK = "check"  # whether a promise has broken


class Stage(StrEnum):
    """How far a story has come by now."""

    GREETED = "greeted"  # with the chatbot
    QUEUED = "queued"
    CLAIMED = "claimed"
    REPLIED = "replied"  # the customer has written again, and waits
    WAITING = "waiting"  # for the customer
    DEPARTMENT = "department"
    PARTNER = "partner"
    HELD = "held"
    SENT_BACK = "sent back"  # "not solved"
    ASKED = "asked"  # the callback has not been answered yet
    OVER = "over"


_HALTS = {
    Stage.WAITING: Status.WAITING_CUSTOMER,
    Stage.DEPARTMENT: Status.WAITING_DEPARTMENT,
    Stage.PARTNER: Status.WAITING_THIRD_PARTY,
    Stage.HELD: Status.ON_HOLD,
}


@dataclass(frozen=True, slots=True)
class Beat:
    after: timedelta
    do: Do
    text: str = ""
    status: Status | None = None
    score: int | None = None


@dataclass(slots=True)
class Plot:
    telling: Telling
    channel: str
    random: Random
    beats: list[Beat] = field(default_factory=list)
    at: timedelta = timedelta()

    def then(
        self,
        do: Do,
        text: str = "",
        *,
        within: tuple[float, float],
        status: Status | None = None,
        score: int | None = None,
    ) -> None:
        """Some minutes later."""
        self.at += timedelta(minutes=self.random.uniform(*within))
        self.beats.append(Beat(self.at, do, text, status, score))


def plot(telling: Telling, *, channel: str, stage: Stage, random: Random) -> Sequence[Beat]:
    told = Plot(telling, channel, random)
    if stage is Stage.GREETED:
        greeting = "你好" if telling.content.weekdays[0] == "周一" else "Hello"
        told.then(Do.SAY, greeting, within=(0, 0))
        return told.beats
    _open(told)
    if stage is Stage.QUEUED:
        return told.beats
    if telling.story.cancel:
        told.then(Do.CANCEL, telling.story.cancel, within=(10, 120))
        return told.beats
    _take(told, stage)
    if stage is Stage.CLAIMED:
        return told.beats
    if _talk(told, stage):
        _finish(told, stage)
    return told.beats


def _open(told: Plot) -> None:
    told.then(Do.SAY, told.telling.opening, within=(0, 0))
    if told.telling.story.is_complaint and told.channel in DIALOGUES:
        for _ in range(3):
            told.then(Do.FORM, within=(0.4, 1.8))


def _take(told: Plot, stage: Stage) -> None:
    """Most are taken within minutes; some wait until after the promise."""
    is_late = told.random.random() < 0.12 and stage is Stage.OVER
    told.then(Do.CLAIM, within=(62, 190) if is_late else (1.5, 22))
    if told.telling.story.kind is not TicketKind.INQUIRY or told.random.random() < 0.06:
        told.then(Do.SORT, within=(0.3, 1))


def _talk(told: Plot, stage: Stage) -> bool:
    """Whether the story has been told to its end."""
    lines = list(told.telling.lines)
    last_word = max((n for n, (who, _) in enumerate(lines) if who == "a"), default=-1)
    answered = False
    for number, (who, text) in enumerate(lines):
        if who == "c":
            told.then(Do.SAY, text, within=_pause(told))
            if stage is Stage.REPLIED and answered:
                return False
            continue
        if who == "a" and number == last_word:
            _wait_for_others(told, stage)
        told.then(Do.REPLY if who == "a" else Do.NOTE, text, within=(1.5, 14))
        if who == "a" and not answered:
            answered = True
            if stage in _HALTS:
                told.then(Do.WAIT, status=_HALTS[stage], within=(0.5, 3))
                return False
            if told.random.random() < 0.07:
                told.then(Do.TRANSFER, within=(2, 20))
    return True


def _pause(told: Plot) -> tuple[float, float]:
    """How long customers take: minutes in a chat, hours by mail."""
    if told.channel not in DIALOGUES:
        return (18, 340)
    return (2, 25) if told.random.random() < 0.8 else (60, 300)


def _wait_for_others(told: Plot, stage: Stage) -> None:
    """Before the last word somebody else has to do something."""
    waits = told.telling.story.wait
    if stage is Stage.OVER and waits is not None:
        told.then(Do.WAIT, status=waits, within=(1, 4))
        told.then(Do.CHECK, within=(120, 1300))


def _finish(told: Plot, stage: Stage) -> None:
    random, content = told.random, told.telling.content
    told.then(Do.RESOLVE, within=(1, 9))
    _ask(told)
    if stage is Stage.ASKED:
        return
    ending = random.random()
    if stage is Stage.SENT_BACK or ending < 0.09:
        told.then(Do.ANSWER, score=random.choice((1, 2, 0)), within=(3, 90))
        told.then(Do.SAY, told.telling.fill(random.choice(content.still)), within=(0.5, 3))
        if stage is Stage.SENT_BACK:
            return
        told.then(Do.REPLY, told.telling.fill(random.choice(content.again)), within=(8, 70))
        told.then(Do.RESOLVE, within=(2, 15))
        _ask(told)
        told.then(Do.ANSWER, score=random.choice((3, 4, 4, 5)), within=(3, 300))
    elif ending < 0.62:
        told.then(Do.ANSWER, score=random.choice((3, 4, 4, 5, 5, 5, 5)), within=(2, 500))
    else:
        if ending < 0.75:
            told.then(Do.SAY, told.telling.fill(random.choice(content.thanks)), within=(1, 40))
        told.then(Do.CALL, within=(SILENCE, SILENCE + 1))
        if told.telling.story.is_complaint:  # never closed by silence alone
            told.then(Do.CLOSE, within=(30, 600))


def _ask(told: Plot) -> None:
    told.then(Do.PLAN, within=(0.2, 0.9))
    told.then(Do.CALL, within=(ASK_AFTER, ASK_AFTER + 1))
