"""What `calendars.toml` may say, and what it may not."""

import csv
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from contact_center.calendars.countries import official_days
from contact_center.calendars.hours import add, between
from contact_center.calendars.loading import Calendars, load_calendars, parse_calendars
from contact_center.calendars.week import Calendar, DayKind
from contact_center.settings import SettingsError
from tests.support.calendars import DATA, at, dates

WEEK = 'zone = "UTC"\nhours.mon-fri = ["09:00-17:00"]\n'


@pytest.fixture(scope="module")
def shipped() -> Calendars:
    return load_calendars(Path("config"))


def parse(text: str) -> Calendar:
    return parse_calendars(tomllib.loads("[it]\n" + text), file="calendars.toml")["it"]


def test_every_day_of_17_chinese_years_is_worked_or_not_as_announced(shipped: Calendars) -> None:
    with (DATA / "cn_workdays.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    wrong = [
        row["date"]
        for row in rows
        if shipped["cn"].is_business_day(date.fromisoformat(row["date"])) != (row["workday"] == "1")
    ]

    assert len(rows) == 6209
    assert wrong == []


def test_the_days_of_2026_are_those_announced() -> None:
    china = official_days("CN")

    assert sorted(day for day in china.closed if day.year == 2026) == dates("cn_2026_closed")
    assert sorted(day for day in china.makeup if day.year == 2026) == dates("cn_2026_makeup")
    assert china.known_until == date(2026, 12, 31)


@pytest.mark.parametrize(("code", "key"), [("GB-ENG", "uk_closed"), ("US", "us_closed")])
def test_bank_and_federal_holidays(code: str, key: str) -> None:
    closed = official_days(code).closed

    found = [day for day in sorted(closed) if 2025 <= day.year <= 2027]

    assert found == dates(key)


def test_a_shop_that_is_open_on_sundays_closes_for_the_whole_spring_festival() -> None:
    shop = parse('zone = "Asia/Shanghai"\nhours.mon-sun = ["10:00-22:00"]\nholidays = "CN"')

    closed = [day for day in range(1, 29) if not shop.is_business_day(date(2026, 2, day))]

    assert closed == list(range(15, 24))


def test_a_make_up_day_has_mondays_hours_unless_it_is_said() -> None:
    usual = parse(WEEK + "hours.sat = []\nmakeup = [2026-11-28]")
    said = parse(WEEK + 'makeup = [2026-11-28]\nmakeup_hours = ["09:00-12:00"]')

    assert usual.hours_on(date(2026, 11, 28)) == ((at(9), at(17)),)
    assert said.hours_on(date(2026, 11, 28)) == ((at(9), at(12)),)


def test_what_we_say_ourselves_beats_what_is_official() -> None:
    open_at_christmas = parse(WEEK + 'holidays = "US"\ndates."2026-12-25" = ["10:00-12:00"]')

    assert open_at_christmas.hours_on(date(2026, 12, 25)) == ((at(10), at(12)),)
    assert open_at_christmas.kind_of(date(2026, 12, 25)) is DayKind.OTHER


def test_days_off_have_names_in_both_languages() -> None:
    new_year = parse(WEEK + 'holidays = "CN"').overrides[date(2026, 1, 1)]

    assert (new_year.name("en"), new_year.name("zh")) == ("New Year's Day", "元旦")
    assert parse(WEEK + 'holidays = "US"').overrides[date(2026, 1, 1)].name("zh")


def test_how_far_official_dates_are_known_can_be_said() -> None:
    assert parse(WEEK + 'holidays = "CN"').valid_until == date(2026, 12, 31)
    assert parse(WEEK + 'holidays = "CN"\nvalid_until = 2027-12-31').valid_until == date(
        2027, 12, 31
    )
    assert parse(WEEK).valid_until is None


def test_a_shift_over_midnight_and_a_range_of_days_off() -> None:
    nights = parse(
        'zone = "UTC"\nhours.mon-sun = ["22:00-06:00+1"]\nclosed = ["2026-12-24..2026-12-26"]'
    )

    assert nights.hours_on(date(2026, 11, 23)) == ((at(22), at(30)),)
    assert add(nights, datetime(2026, 12, 24, 5, tzinfo=UTC), 2 * 3600) == datetime(
        2026, 12, 27, 23, tzinfo=UTC
    )


def test_24x7_is_always_there() -> None:
    calendar = parse_calendars({}, file="calendars.toml")["24x7"]

    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert between(calendar, start, datetime(2027, 1, 1, tzinfo=UTC)) == 365 * 86400


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('zone = "UTC"', "it.hours: Field required"),
        (WEEK + "colour = 1", "it.colour: Extra inputs are not permitted"),
        (WEEK.replace("UTC", "Mars/Base"), "it.zone: unknown zone 'Mars/Base'"),
        (WEEK.replace("UTC", "../etc"), "it.zone: unknown zone"),
        (WEEK + 'holidays = "XX"', "it.holidays: XX: no such country"),
        (WEEK + 'holidays = "GB-XX"', "it.holidays: GB-XX: no such country, or no such part"),
        (WEEK.replace("mon-fri", "moon"), "it.hours.moon: write mon"),
        (WEEK.replace("mon-fri", "fri-mon"), "it.hours.fri-mon: mon comes before fri"),
        (WEEK + 'hours.tue = ["09:00-10:00"]', "it.hours.tue: tue is there twice"),
        (WEEK.replace("17:00", "08:00"), "end before start; over midnight write 09:00-08:00.1"),
        (WEEK.replace("17:00", "09:00"), "end before start"),
        (WEEK.replace("17:00", "24:01"), "a day ends at 24:00"),
        (WEEK.replace("17:00", "9pm"), "is not like"),
        (WEEK.replace("17:00", "10:00+1"), "longer than a day"),
        (WEEK.replace('17:00"', '17:00", "16:00-18:00"'), "overlap: 16:00 is before the end"),
        ('zone = "UTC"\nhours.mon-fri = []', "it.hours: endless closure"),
        (WEEK + 'closed = ["2026-01-01..2030-01-01"]', "it.closed: .* endless closure"),
        (
            WEEK + 'closed = ["2026-01-01..2026-12-31", "2027-01-01..2027-12-31"]',
            "it.closed: endless closure: nothing is open from 2026-01-01 to 2027-12-31",
        ),
        (WEEK + 'closed = ["2026-01-02..2026-01-01"]', "it.closed: .* end before start"),
        (WEEK + 'closed = ["soon"]', "it.closed: 'soon' is no date"),
        (WEEK + "closed = [2026-01-05]\nmakeup = [2026-01-05]", "2026-01-05 is there twice"),
        (
            'zone = "UTC"\nhours.tue-fri = ["09:00-17:00"]\nmakeup = [2026-01-05]',
            "it.makeup_hours: Monday has no hours",
        ),
        (
            'zone = "UTC"\nhours.sun = ["22:00-06:00+1"]\nhours.mon = ["05:00-12:00"]',
            "it.hours.sun: overlap: it ends after the next day begins",
        ),
        (
            'zone = "UTC"\nhours.sun = ["22:00-06:00+1"]\ndates."2026-11-23" = ["05:00-12:00"]',
            "it.dates.2026-11-22: overlap",
        ),
    ],
)
def test_an_impossible_calendar_is_refused_with_file_key_and_reason(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=rf"calendars\.toml: .*{reason}"):
        parse(text)


def test_24x7_cannot_be_redefined() -> None:
    table = tomllib.loads("[24x7]\n" + WEEK)

    with pytest.raises(SettingsError, match="24x7: this calendar is always there"):
        parse_calendars(table, file="calendars.toml")


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "calendars.toml").write_text("[")

    with pytest.raises(SettingsError, match=r"calendars\.toml: "):
        load_calendars(tmp_path)
