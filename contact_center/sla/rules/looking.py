"""When the ladder of escalations has to look at a clock, for those who know no ladder.

It may be too early, never too late: working time passes no faster than time. Whoever looks knows
the ladder and reckons exactly when to look next.
"""

from datetime import datetime, timedelta

from contact_center.ladder import LOWEST
from contact_center.sla.models import ClockState
from contact_center.sla.rules.engine import Run


def look_at(run: Run) -> datetime | None:
    if not run.is_owed or run.state is ClockState.PAUSED:
        return None
    if run.running_since is None or run.state is ClockState.BREACHED:
        return run.breached_at
    left = run.target * LOWEST // 100 - run.consumed
    return run.running_since + timedelta(seconds=max(left, 0))
