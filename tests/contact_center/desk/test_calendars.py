"""A year of a calendar, and what is promised on it."""

from datetime import date

import pytest

from contact_center.agents.models import Role
from contact_center.desk.calendars import figures_of, in_hours, look_of, months_of, year_of
from tests.contact_center.desk.conftest import Desk
from tests.support.calendars import NIGHTS, SHIPPED, at, calendar

CHINA = SHIPPED["cn"]


def test_every_month_is_whole_and_begins_on_its_weekday() -> None:
    months = months_of(list(year_of(CHINA, 2026, "en")))

    days = [[day.date for week in month.weeks for day in week if day] for month in months]
    assert sum(map(len, days)) == 365
    assert all(len(week) == 7 for month in months for week in month.weeks)
    for month in months:
        for week in month.weeks:
            assert all(day is None or day.date.weekday() == n for n, day in enumerate(week))


@pytest.mark.parametrize(
    ("day", "look"),
    [
        (date(2026, 9, 18), "open"),
        (date(2026, 9, 19), "off"),
        (date(2026, 9, 20), "makeup"),
        (date(2026, 10, 1), "closed"),
    ],
)
def test_days_look_like_what_they_are(day: date, look: str) -> None:
    assert look_of(CHINA, day) == look


def test_a_shorter_day_is_seen() -> None:
    eve = date(2026, 12, 24)
    half = calendar("half", "UTC", ((at(9), at(17)),), other={eve: ((at(9), at(12)),)})

    assert look_of(half, eve) == "partial"


def test_a_year_is_summed_up() -> None:
    """365 days, 104 of weekends; 19 holidays on weekdays, 6 make-up days."""
    figures = figures_of(CHINA, list(year_of(CHINA, 2026, "en")))

    assert figures == {
        "business_days": 248,
        "open_hours": 248 * 15 // 2,
        "days_off": 19,
        "makeup_days": 6,
    }


def test_hours_over_midnight_say_so() -> None:
    assert in_hours(NIGHTS.week[0]) == "22:00–06:00+1"


async def test_a_year_is_shown_with_its_special_days(desk: Desk) -> None:
    li = await desk.hire("Li")

    page = await desk.page("/desk/calendars/cn?year=2026", li)

    assert "China in 2026" in page
    assert 'class="day makeup" title="2026-09-20 09:00–12:00, 13:30–18:00"' in page
    assert 'title="2026-10-01 National Day · closed"' in page
    assert "are not known yet" not in page
    assert "/desk/calendars/cn?year=2027" in page


async def test_in_chinese_days_off_have_chinese_names(desk: Desk) -> None:
    wang = await desk.hire("Wang", language="zh")

    page = await desk.page("/desk/calendars/cn?year=2026", wang)

    assert "中国：2026 年" in page
    assert "国庆节" in page
    assert "60 秒" in page


async def test_a_year_without_official_dates_says_that_they_are_provisional(desk: Desk) -> None:
    li = await desk.hire("Li")

    page = await desk.page("/desk/calendars/cn?year=2027", li)

    assert "Official days off after 2026-12-31 are not known yet" in page


async def test_policies_are_listed_with_their_clocks_and_evidence(desk: Desk) -> None:
    page = await desk.page("/desk/calendars", await desk.hire("Li"))

    assert "60 seconds" in page
    assert "Complaints after ISO 10002" in page
    assert "All presets (42)" in page
    assert 'title="Checked against the text of the rule"' in page


@pytest.mark.parametrize("path", ["/desk/calendars/moon", "/desk/calendars/cn?year=1066"])
async def test_what_is_not_there_is_not_shown(desk: Desk, path: str) -> None:
    li = await desk.hire("Li", Role.MANAGER)

    answer = await desk.client.get(path, headers=li.headers)

    assert answer.status in (400, 404, 422)
