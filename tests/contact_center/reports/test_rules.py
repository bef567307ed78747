from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.callbacks.models import CallbackState
from contact_center.reports import rules
from contact_center.reports.models import Age, Call, Facts, Fate, Resolution, Tally, Turn
from contact_center.sla.models import ClockKind

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EMPTY = Facts(
    opened={},
    reopened={},
    ages={},
    resolutions=(),
    turns={},
    promises=Tally({}, {}),
    times={},
    excused={},
    calls=(),
)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


# Days


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 2), "UTC", 24),
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 4, 5), "Australia/Lord_Howe", 24.5),
        (date(2026, 3, 2), "Asia/Shanghai", 24),
    ],
)
def test_a_day_is_as_long_as_people_there_live_it(day, zone, hours) -> None:
    period = rules.days(day, day, time_zone=zone)

    assert period.end - period.start == timedelta(hours=hours)


@given(
    st.dates(date(1990, 1, 1), date(2037, 1, 1)),
    st.sampled_from(
        sorted(
            [
                "UTC",
                "Asia/Tehran",
                "America/Havana",
                "Africa/Cairo",
                "Pacific/Apia",
                "Europe/London",
            ]
        )
    ),
)
def test_days_follow_each_other_without_gap_or_overlap(day, zone) -> None:
    this = rules.days(day, day, time_zone=zone)
    following = rules.days(day + timedelta(days=1), day + timedelta(days=1), time_zone=zone)

    assert this.start <= this.end == following.start


@pytest.mark.parametrize(
    ("day", "local", "utc"),
    [
        (date(2026, 11, 1), time(1, 30), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),  # 01:30 EDT
        (date(2026, 3, 8), time(2, 30), datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),  # 03:00 EDT
        (date(2026, 3, 8), time(2, 0), datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
        (date(2026, 3, 8), time(3, 0), datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
        (date(2026, 3, 9), time(8, 0), datetime(2026, 3, 9, 12, 0, tzinfo=UTC)),
    ],
)
def test_g36_local_times_that_are_skipped_or_repeated_happen_once(day, local, utc) -> None:
    assert rules.instant(day, zone=NEW_YORK, at=local) == utc


def test_a_day_that_was_skipped_has_no_length() -> None:
    assert rules.days(date(2011, 12, 30), date(2011, 12, 30), time_zone="Pacific/Apia").start == (
        rules.days(date(2011, 12, 31), date(2011, 12, 31), time_zone="Pacific/Apia").start
    )


@pytest.mark.parametrize("day", [date.min, date.max])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_the_ends_of_the_calendar_are_days_too(day, zone) -> None:
    period = rules.days(day, day, time_zone=zone)

    assert period.start <= period.end


# Times


@pytest.mark.parametrize(
    ("turns", "hours"),
    [
        ([], 5),
        ([(5, True)], 5),
        ([(1, True), (3, False), (5, True)], 3),
        ([(1, True), (2, False), (3, True), (4, False), (5, True)], 3),
        ([(1, True), (3, False), (5, True), (7, False), (9, True)], 3),
    ],
)
def test_the_time_a_ticket_lay_resolved_does_not_count(turns, hours) -> None:
    resolution = Resolution(1, None, at(5), at(0), was_reopened=True)

    seconds = rules.seconds_to_resolve(
        resolution, [Turn(1, at(hour), resolved) for hour, resolved in turns]
    )

    assert seconds == hours * 3600


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [
        ([], None, None),
        ([7], 7, 7),
        ([1, 2], 1, 2),
        ([3, 1, 2], 2, 3),
        (range(1, 11), 5, 9),
        (range(1, 12), 6, 10),
        (range(1, 101), 50, 90),
    ],
)
def test_percentiles_are_times_that_some_ticket_took(values, median, p90) -> None:
    spread = rules.spread(values)

    assert (spread.tickets, spread.median, spread.p90) == (len(values), median, p90)


@given(st.lists(st.floats(0, 1e9), min_size=1), st.sampled_from([0.5, 0.9]))
def test_a_percentile_is_the_smallest_value_enough_others_do_not_exceed(values, share) -> None:
    ordered = sorted(values)
    value = rules.rank(ordered, share)

    within = sum(other <= value for other in ordered)
    below = sum(other < value for other in ordered)
    assert within * 10 >= len(ordered) * round(share * 10)
    assert below * 10 < len(ordered) * round(share * 10)


# Shares


def call(score=None, *, solved=None, state=CallbackState.COMPLETED) -> Call:
    return Call(None, state, solved, score)


def test_compliance_of_nothing_is_null_and_not_perfect() -> None:
    assert rules.promises(kept=0, broken=0).compliance is None
    assert rules.promises(kept=8, broken=2).compliance == 0.8
    assert rules.promises(kept=0, broken=2).compliance == 0.0


def test_few_answers_give_a_mean_but_no_share() -> None:
    few, enough = [call(5)] * 4, [call(5)] * 5

    assert rules.satisfaction(few).satisfied is None
    assert rules.satisfaction(few).mean == 5
    assert rules.satisfaction(enough).satisfied == 1.0


def test_silence_and_not_being_reached_stand_beside_satisfaction() -> None:
    calls = [
        *(call(score) for score in (5, 4, 3, 2, 1)),
        call(solved=False),
        call(solved=True),
        call(state=CallbackState.EXPIRED),
        call(state=CallbackState.UNREACHABLE),
        call(state=CallbackState.UNREACHABLE),
    ]

    satisfaction = rules.satisfaction(calls)

    assert (satisfaction.answers, satisfaction.satisfied, satisfaction.mean) == (5, 0.4, 3)
    assert (satisfaction.low, satisfaction.not_solved) == (2, 1)
    assert (satisfaction.silent, satisfaction.unreachable) == (1, 2)


# All together

teams = st.one_of(st.none(), st.integers(1, 3))
counts = st.dictionaries(teams, st.integers(0, 50))
facts = st.builds(
    Facts,
    opened=counts,
    reopened=counts,
    ages=st.dictionaries(teams, st.dictionaries(st.sampled_from(Age), st.integers(0, 50))),
    resolutions=st.lists(
        st.builds(
            Resolution, st.integers(1, 9), teams, st.just(at(5)), st.just(at(0)), st.booleans()
        )
    ),
    turns=st.just({}),
    promises=st.builds(
        Tally,
        st.dictionaries(
            st.tuples(teams, st.sampled_from(ClockKind), st.sampled_from(Fate)),
            st.integers(0, 50),
        ),
        st.dictionaries(st.tuples(teams, st.sampled_from(ClockKind)), st.integers(0, 50)),
    ),
    times=st.dictionaries(
        st.tuples(teams, st.sampled_from(ClockKind)), st.lists(st.floats(0, 1e7))
    ),
    excused=counts,
    calls=st.lists(
        st.builds(
            Call,
            teams,
            st.sampled_from(
                [CallbackState.COMPLETED, CallbackState.EXPIRED, CallbackState.UNREACHABLE]
            ),
            st.none() | st.booleans(),
            st.none() | st.integers(1, 5),
        )
    ),
)


@given(facts)
def test_the_buckets_add_up_to_what_is_open_and_shares_are_shares(facts) -> None:
    figures = rules.figures(facts)

    assert sum(figures.ages.values()) == figures.open
    assert figures.resolved == figures.resolution.tickets
    for share in (
        figures.first_response_promises.compliance,
        figures.resolution_promises.compliance,
        figures.satisfaction.satisfied,
        figures.no_reply_needed.share,
    ):
        assert share is None or 0 <= share <= 1
    assert figures.satisfaction.mean is None or 1 <= figures.satisfaction.mean <= 5


@given(facts)
def test_teams_add_up_to_the_whole(facts) -> None:
    whole = rules.figures(facts)
    parts = [rules.figures(facts, teams={team}) for team in rules.teams_in(facts)]

    for name in ("opened", "resolved", "reopened", "open"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
    for name in ("kept", "broken", "kept_first", "pending", "excluded"):
        assert sum(getattr(part.first_response_promises, name) for part in parts) == getattr(
            whole.first_response_promises, name
        )
    assert sum(part.satisfaction.answers for part in parts) == whole.satisfaction.answers


def test_nothing_happened() -> None:
    figures = rules.figures(EMPTY)

    assert (figures.opened, figures.open, figures.satisfaction.answers) == (0, 0, 0)
    assert figures.first_response.median is None
    assert figures.first_response_promises.compliance is None
