from datetime import UTC, datetime, timedelta

import pytest

from contact_center.errors import Invalid
from contact_center.tickets.rules import check_agreed_waiting
from tests.support.calendars import CN

# A Thursday: the spring festival lies ahead, and two Saturdays that make up for it.
NOW = datetime(2026, 2, 12, 2, 0, tzinfo=UTC)
LAST_DAY_ENDS = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)


def check(review_at: datetime | None, reason: str = "parts") -> None:
    check_agreed_waiting(reason=reason, review_at=review_at, hours=CN, now=NOW)


def test_agreed_waiting_lasts_until_the_end_of_the_tenth_business_day() -> None:
    check(LAST_DAY_ENDS)

    with pytest.raises(Invalid, match="2026-03-04"):
        check(LAST_DAY_ENDS + timedelta(seconds=1))
