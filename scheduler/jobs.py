"""The whole timetable, on one screen. All times are UTC."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from contact_center.runtime import Runtime
from scheduler import digests, housekeeping, sweeps, weeks


def daily(*, hour: int) -> Callable[[datetime], str]:
    """One slot a day, open from `hour` on: a node that was down then still does the work."""
    return lambda now: (now - timedelta(hours=hour)).date().isoformat()


def weekly(*, weekday: int, hour: int) -> Callable[[datetime], str]:
    """One slot a week, open from `weekday` (Monday is 0) and `hour` on."""

    def slot(now: datetime) -> str:
        year, week, _ = (now - timedelta(days=weekday, hours=hour)).isocalendar()
        return f"{year}-W{week:02}"

    return slot


def hourly(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H}Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Without a `slot` every node runs it at every tick, and rows decide what is due.

    With one it runs once in the fleet for each slot; the trigger only says how often nodes look,
    so a slot whose node died is taken over as soon as the lease has run out.
    """

    name: str
    trigger: BaseTrigger
    run: Callable[[Runtime], Awaitable[int]]
    late: int | None = None  # seconds a tick may come late; None: however late, once
    slot: Callable[[datetime], str] | None = None
    lease: float = 30 * 60  # seconds; longer than the job takes


SOON = IntervalTrigger(seconds=15, timezone="UTC")
MINUTELY = CronTrigger(second=5, timezone="UTC")
LOOK = CronTrigger(minute="*/10", second=30, timezone="UTC")
LOOK_AT_WEEKENDS = CronTrigger(day_of_week="sat,sun,mon", minute=45, timezone="UTC")

JOBS = [
    # Promises
    Job(
        name="note breaches",
        trigger=IntervalTrigger(seconds=20, timezone="UTC"),
        run=sweeps.note_breaches,
        late=60,
    ),
    Job(name="note broken promises", trigger=SOON, run=sweeps.note_broken_promises),
    Job(
        name="climb the ladder",
        trigger=IntervalTrigger(seconds=10, timezone="UTC"),
        run=sweeps.climb_ladder,
        late=60,
    ),
    Job(name="reckon edited calendars anew", trigger=MINUTELY, run=sweeps.reckon_anew),
    Job(name="take back answers", trigger=SOON, run=sweeps.take_back_answers),
    Job(
        name="tell of unanswered complaints",
        trigger=LOOK,
        run=sweeps.tell_of_unanswered,
        slot=hourly,
    ),
    Job(name="end agreed waiting", trigger=MINUTELY, run=sweeps.end_waiting),
    # Staff
    Job(name="expire hand-overs", trigger=SOON, run=sweeps.expire_handovers),
    Job(name="tell deputies", trigger=MINUTELY, run=sweeps.tell_deputies),
    Job(
        name="send alerts",
        trigger=IntervalTrigger(seconds=5, timezone="UTC"),
        run=sweeps.send_alerts,
        late=60,
    ),
    # Work
    Job(
        name="route what waits",
        trigger=IntervalTrigger(seconds=5, timezone="UTC"),
        run=sweeps.route_waiting,
    ),
    # Customers
    Job(name="plan callbacks", trigger=SOON, run=sweeps.plan_callbacks),
    Job(name="make callbacks", trigger=SOON, run=sweeps.make_callbacks),
    Job(name="remind customers", trigger=MINUTELY, run=sweeps.remind_customers),
    Job(name="cancel idle chats", trigger=LOOK, run=sweeps.cancel_idle_chats),
    # Managers
    Job(name="send digests", trigger=MINUTELY, run=digests.send_due_digests),
    Job(name="send weekly reports", trigger=MINUTELY, run=weeks.send_weekly_reports),
    Job(
        name="tell of gaps in accounts",
        trigger=LOOK,
        run=sweeps.tell_of_gaps,
        slot=daily(hour=6),
    ),
    # Housekeeping
    Job(
        name="forget what has expired",
        trigger=LOOK,
        run=housekeeping.forget_expired,
        slot=daily(hour=3),
    ),
    Job(
        name="delete files of complaints",
        trigger=LOOK,
        run=housekeeping.delete_kept_files,
        slot=daily(hour=3),
    ),
    Job(
        name="remove files nobody owns",
        trigger=LOOK,
        run=housekeeping.remove_lost_files,
        slot=daily(hour=3),
    ),
    Job(
        name="forget old runs of jobs",
        trigger=LOOK_AT_WEEKENDS,
        run=housekeeping.forget_old_runs,
        slot=weekly(weekday=5, hour=4),
    ),
]
