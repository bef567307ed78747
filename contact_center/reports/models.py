"""Figures, and the facts they are made of. Nothing here is kept in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from contact_center.agents.models import Presence
from contact_center.callbacks.models import CallbackState
from contact_center.ledger.models import Outcome
from contact_center.sla.models import ClockKind
from contact_center.tickets.models import Status

Team = int | None  # a team's id; None: tickets that no team has


class Age(StrEnum):
    """How long ago an open ticket came in."""

    ONE_DAY = "up_to_1_day"
    THREE_DAYS = "1_to_3_days"
    FIVE_DAYS = "3_to_5_days"
    TEN_DAYS = "5_to_10_days"
    OLDER = "over_10_days"


AGES: Mapping[Age, timedelta | None] = {
    Age.ONE_DAY: timedelta(days=1),
    Age.THREE_DAYS: timedelta(days=3),
    Age.FIVE_DAYS: timedelta(days=5),
    Age.TEN_DAYS: timedelta(days=10),
    Age.OLDER: None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole local days: instants from `start` up to, and not including, `end`."""

    first: date
    last: date
    time_zone: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Resolution:
    """A ticket's last resolution within a period."""

    ticket_id: int
    team: Team
    at: datetime
    created_at: datetime
    was_reopened: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """A ticket was resolved, or reopened."""

    ticket_id: int
    at: datetime
    resolved: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A callback that ended."""

    team: Team
    state: CallbackState
    solved: bool | None
    score: int | None


class Fate(StrEnum):
    """What has become of a promise with a deadline."""

    KEPT = "kept"  # done when it was due by law, or before
    BROKEN = "broken"
    PENDING = "pending"  # not due yet
    EXCLUDED = "excluded"  # called off, merged, spam, or no reply was needed


@dataclass(frozen=True, slots=True)
class Tally:
    """Of promises: how many fared how, and how many of those kept or broken were kept at first."""

    numbers: Mapping[tuple[Team, ClockKind, Fate], int]
    kept_first: Mapping[tuple[Team, ClockKind], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a period's rows say, by team."""

    opened: Mapping[Team, int]
    reopened: Mapping[Team, int]
    ages: Mapping[Team, Mapping[Age, int]]  # of what is open now
    resolutions: Sequence[Resolution]
    turns: Mapping[int, Sequence[Turn]]  # of tickets that were reopened
    promises: Tally
    times: Mapping[tuple[Team, ClockKind], Sequence[float]]  # seconds
    excused: Mapping[Team, int]
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Seconds, by nearest rank: so many took no longer than this. Null where there are none."""

    tickets: int  # or promises
    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """Those whose outcome falls into the period: kept when it was done, broken when it was due."""

    kept: int
    broken: int
    compliance: float | None  # kept / (kept + broken); null when nothing was due


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines(Promises):
    """Promises with a clock, by the date that holds by law; it may be later than our own."""

    kept_first: int  # of those kept or broken: kept before anything was opened again
    pending: int  # not due yet, as of now
    excluded: int  # called off, merged, spam, or no reply was needed
    took: Spread  # of what was done in the period, in time or not


@dataclass(frozen=True, slots=True, kw_only=True)
class Excused:
    """What customers wrote that needed no reply, somebody said: no promise counts it."""

    messages: int
    share: float | None  # of these and of what was answered; null when nothing was asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Satisfaction:
    """What customers answered. Who was not reached or said nothing stands beside, never within."""

    answers: int  # scores, 1–5
    satisfied: float | None  # share of 4 and 5; null below five answers
    mean: float | None
    low: int  # 1 and 2
    not_solved: int  # said so
    silent: int
    unreachable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    opened: int
    resolved: int
    reopened: int
    open: int  # now
    ages: Mapping[Age, int]  # of the open ones
    first_response: Spread
    resolution: Spread
    first_response_promises: Deadlines
    resolution_promises: Deadlines
    promises: Mapping[ClockKind, Deadlines]  # of every kind; those of work orders are the team's
    no_reply_needed: Excused
    satisfaction: Satisfaction


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWord:
    """What somebody has promised customers in their own words, and whether it was kept."""

    agent_id: int
    name: str
    promises: Promises


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFigures:
    team_id: int | None
    name: str | None
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A customer who waits for an answer."""

    ticket_id: int
    reference: str
    subject: str
    status: Status
    since: datetime
    is_late: bool
    owner_id: int | None
    owner: str | None  # None: nobody has taken it


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A promise that has been late for long, and nobody has explained why."""

    ticket_id: int
    reference: str
    subject: str
    clock: ClockKind
    due_at: datetime
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A deadline that was missed."""

    ticket_id: int
    reference: str
    subject: str
    clock: ClockKind
    due_at: datetime  # by law
    done_at: datetime | None  # None: still owed
    late: float  # seconds, up to when it was done or to now
    whose: str | None  # the ticket's owner; of a work order the team it was given to


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    first: date
    last: date
    time_zone: str
    as_of: datetime  # of what is open and who waits
    total: Figures
    teams: Sequence[TeamFigures]
    longest_waiting: Sequence[Waiting]
    kept_words: Sequence[KeptWord]  # the most broken first
    notices: Sequence[Notice]
    worst: Sequence[Broken]  # deadlines missed in the period, the latest by far first


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    date: date
    opened: int
    resolved: int  # tickets resolved that day, whatever became of them later


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamQueue:
    team_id: int | None
    name: str | None
    unclaimed: int
    waiting: int
    active: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallboard:
    """How things stand at this moment."""

    as_of: datetime
    active: int  # somebody here has something to do
    unclaimed: int
    waiting: int  # for the customer, a department, a third party, a date
    late: int  # a promise is broken
    oldest_waiting: Waiting | None
    teams: Sequence[TeamQueue]
    agents: Mapping[Presence, int]
    arrivals: Mapping[Outcome, int]  # messages since local midnight
    deliveries_pending: int
    deliveries_dead: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerTicket:
    """What somebody answers for, with what was said in one week, and what comes next."""

    ticket_id: int
    reference: str
    subject: str
    customer: str
    status: Status
    written: int  # messages to the customer
    received: int
    next_at: datetime | None  # promised to the customer
    work_orders: int  # of departments, not finished
    is_about_staff: bool  # told to nobody but its owner


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerWeek:
    agent_id: int
    name: str
    tickets: Sequence[OwnerTicket]
