"""Which clocks a ticket gets, and what is refused when the files are read."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.calendars.days import parse
from contact_center.calendars.loading import parse_calendars
from contact_center.policies.choosing import MOST_CACHED, Line, Policies, scale
from contact_center.policies.loading import load_policies, parse_policies
from contact_center.policies.tables import MAY_PAUSE
from contact_center.policies.terms import Clock, Facts, Kind, Policy, fits
from contact_center.settings import SettingsError
from contact_center.switchboard import KINDS, PRIORITIES
from contact_center.tickets.models import Priority, Status, TicketKind
from tests.support.calendars import POLICIES, SHIPPED

PRESETS = tomllib.loads(Path("config/presets.toml").read_text("utf-8"))
ALL_RESOLVED = """
[[policy]]
id = "base"
title.en = "Base"
clocks = [{ name = "resolution", clock = "resolution", target = "8bh" }]
"""


def read(text: str) -> Policies:
    return parse_policies(tomllib.loads(text), PRESETS, calendars=SHIPPED)


def targets(policy: Policy) -> dict[str, str]:
    return {kind.value: str(terms.target) for kind, terms in policy.clocks.items()}


def test_the_words_of_conditions_are_those_of_tickets() -> None:
    assert set(KINDS) == set(TicketKind)
    assert set(PRIORITIES) == set(Priority)
    assert set(MAY_PAUSE) < set(Status)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (
            {"channel": "webchat", "priority": "urgent"},
            {"first_response": "60s", "next_response": "2min", "resolution": "4bh"},
        ),
        (
            {"channel": "email", "priority": "normal"},
            {"first_response": "4bh", "next_response": "8bh", "resolution": "3wd"},
        ),
        ({"channel": "email", "priority": "high"}, {"first_response": "4bh", "resolution": "8bh"}),
        ({"channel": "api", "priority": "low"}, {"first_response": "8bh", "resolution": "72bh"}),
        (
            {"channel": "api", "priority": "low", "kind": "complaint"},
            {
                "first_response": "8bh",
                "resolution": "72bh",
                "acknowledgement": "1wd",
                "status_update": "5wd",
                "final_response": "20wd",
            },
        ),
    ],
)
def test_shipped_policies_promise(facts: dict[str, str], wanted: dict[str, str]) -> None:
    policy = POLICIES.choose(Facts(**{"kind": "inquiry", **facts}))

    assert targets(policy) == wanted


def test_urgent_tickets_are_counted_around_the_clock() -> None:
    policy = POLICIES.choose(Facts(kind="inquiry", priority="urgent", channel="email"))

    assert policy.clocks[Kind.RESOLUTION].calendar.name == "24x7"
    assert policy.calendar.name == "business"


def test_all_42_presets_are_there_and_only_how_we_work_is_on() -> None:
    assert len(POLICIES.presets) == 42
    assert POLICIES.active == [
        "chat_default",
        "email_default",
        "priority_matrix",
        "iso10002_baseline",
    ]
    assert all(not POLICIES.presets[one].jurisdiction for one in POLICIES.active)


def test_every_preset_has_a_title_in_both_languages_and_a_calendar_that_exists() -> None:
    for preset in POLICIES.presets.values():
        assert {"en", "zh"} <= preset.title.keys(), preset.id
        assert preset.calendar in SHIPPED, preset.id


@pytest.mark.parametrize("preset", [name for name, one in PRESETS.items() if one.get("clocks")])
def test_every_preset_can_be_switched_on(preset: str) -> None:
    policies = read(f'[[policy]]\npreset = "{preset}"')

    engine = [clock for clock in policies.presets[preset].clocks if clock.kind is not None]
    assert {line.clock.name for line in policies.lines} >= {clock.name for clock in engine}


def test_regulatory_clocks_neither_pause_nor_depend_on_the_tier() -> None:
    for preset in POLICIES.presets.values():
        for clock in preset.clocks:
            assert not (preset.jurisdiction and (clock.pausable or clock.scaled)), preset.id


def test_the_first_policy_that_fits_decides_for_each_clock() -> None:
    policies = read(
        """
        [[policy]]
        preset = "cn_bank_insurance"
        when.kind = "complaint"
        when.category = "loan"
        [[policy]]
        preset = "iso10002_baseline"
        when.kind = "complaint"
        """
    )

    loan = policies.choose(Facts(kind="complaint", category="loan"))
    other = policies.choose(Facts(kind="complaint", category="card"))

    assert targets(loan)["final_response"] == "15cd"
    assert targets(loan)["acknowledgement"] == "1wd"
    assert loan.name == "cn_bank_insurance+iso10002_baseline"
    assert loan.clocks[Kind.FINAL_RESPONSE].evidence == "V"
    assert loan.clocks[Kind.FINAL_RESPONSE].extensions[1].approver == "executive"
    assert targets(other)["final_response"] == "20wd"


def test_our_own_numbers_replace_those_of_a_preset() -> None:
    policies = read(
        """
        [[policy]]
        preset = "email_default"
        calendar = "cn"
        clocks = [{ name = "frt", clock = "first_response", target = "2bh" }]
        """
    )

    terms = policies.choose(Facts(channel="email")).clocks

    assert str(terms[Kind.FIRST_RESPONSE].target) == "2bh"
    assert str(terms[Kind.NEXT_RESPONSE].target) == "8bh"
    assert terms[Kind.FIRST_RESPONSE].calendar.name == "cn"


def test_a_team_may_have_hours_of_its_own() -> None:
    policies = read(
        ALL_RESOLVED + '[[hours]]\ncalendar = "cn"\nwhen.team = ["Service 中文", "Complaints"]'
    )

    assert policies.choose(Facts(team="Service 中文")).calendar.name == "cn"
    assert policies.hours_of(Facts(team="Complaints")).name == "cn"
    assert policies.hours_of(Facts(team="Service")).name == "business"


@pytest.mark.parametrize(
    ("target", "factor", "wanted"),
    [
        ("4bh", "0.5", "2bh"),
        ("1bh", "0.75", "45bmin"),
        ("10min", "0.75", "10min"),  # 7.5 rounded up to 5
        ("60s", "0.5", "60s"),  # rounding never makes better customers wait longer
        ("3wd", "0.5", "2wd"),
        ("1wd", "0.75", "1wd"),
        ("0wd", "0.5", "0wd"),
        ("8bh", "1.5", "12bh"),
        ("20min", "1.1", "25min"),
        ("8bh", "1", "8bh"),
    ],
)
def test_targets_are_scaled_by_tier(target: str, factor: str, wanted: str) -> None:
    assert str(scale(parse(target), Fraction(factor))) == wanted


def test_a_tier_makes_promises_shorter_and_says_so() -> None:
    terms = POLICIES.choose(Facts(channel="email", priority="low", tier="A")).clocks

    assert str(terms[Kind.FIRST_RESPONSE].target) == "2bh"
    assert str(terms[Kind.FIRST_RESPONSE].unscaled) == "4bh"
    assert terms[Kind.FIRST_RESPONSE].tier == "A"


def test_customers_without_a_tier_can_be_named() -> None:
    policies = read(ALL_RESOLVED.replace("title.en", 'when.tier = "none"\ntitle.en'))

    assert policies.choose(Facts()).clocks
    assert not policies.choose(Facts(tier="A")).clocks


def test_the_version_changes_with_what_is_promised_and_with_nothing_else() -> None:
    version = read(ALL_RESOLVED).version

    assert read("# a comment\n" + ALL_RESOLVED).version == version
    assert read(ALL_RESOLVED.replace("8bh", "9bh")).version != version
    assert read(ALL_RESOLVED).choose(Facts()).version == version


def test_categories_that_strangers_invent_do_not_fill_the_memory() -> None:
    policies = read(ALL_RESOLVED)

    for number in range(MOST_CACHED + 10):
        policies.choose(Facts(category=str(number)))

    assert len(policies._chosen) <= MOST_CACHED


def test_work_orders_promise_by_priority() -> None:
    task = POLICIES.work_order_types["task"]

    assert [str(one) for one in task.targets("urgent")] == ["15min", "2h"]
    assert [str(one) for one in task.targets("normal")] == ["4bh", "12bh"]
    assert POLICIES.work_order_types["field_visit"].visit


def test_g33_legs_that_exceed_the_customers_clock_are_refused_with_the_sum() -> None:
    legs = '[work_orders.task]\ntitle.en = "Task"\nsign_for = "4bh"\nfinish = "4bh"'

    with pytest.raises(SettingsError) as refused:
        read(ALL_RESOLVED + legs)

    assert str(refused.value) == (
        "policies.toml: work_orders.task: sign_for 4bh + finish 4bh = 8 h > 6.4 h: the customer's "
        "resolution (base, priority urgent) is 8bh, less a reserve of 20%"
    )
    assert read("reserve = 0\n" + ALL_RESOLVED + legs)


OWN = '[[policy]]\nid = "own"\ntitle.en = "Own"\n'
ONE = '[{ name = "one", clock = "resolution", target = "4bh" }]'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("speed = 1", "speed: Extra inputs are not permitted"),
        ('pauses = ["waiting_department"]', "pauses.0: Input should be"),
        ("reserve = 1.0", "reserve: .*a share is below 1"),
        ("[tier_factor]\nA = 0", "tier_factor.A: .*a factor is above 0"),
        ('[[hours]]\ncalendar = "moon"', "hours: moon: there is no such calendar"),
        ('[[policy]]\npreset = "moon_law"', "policy 1: preset: moon_law: there is no such preset"),
        (OWN, "policy 1: it needs a preset, or an id, a title.en and clocks"),
        (OWN + 'calendar = "moon"\nclocks = ' + ONE, "policy own: moon: there is no such calendar"),
        (
            OWN + "clocks = " + ONE.replace("4bh", "4 moons"),
            "policy.0.clocks.0.target: .*'4 moons'",
        ),
        (OWN + "clocks = " + ONE.replace('"4bh"', "4"), "policy.0.clocks.0.target: .*write a text"),
        (OWN + "clocks = " + ONE.replace('n"', 'n2"'), "policy.0.clocks.0.clock: Input should be"),
        (OWN + 'when.moon = "full"\nclocks = ' + ONE, "policy.0.when: .*moon is no condition"),
        (OWN + 'when.kind = "riddle"\nclocks = ' + ONE, "policy.0.when: .*riddle: no such kind"),
        (OWN + 'when.tier = "D"\nclocks = ' + ONE, "policy.0.when: .*tier: D: no such tier"),
        (OWN + "when.kind = []\nclocks = " + ONE, "policy.0.when: .*that never matches"),
        (OWN + "when.kind = 1\nclocks = " + ONE, "policy.0.when: .*must be a text or a list"),
        (OWN + "when = 1\nclocks = " + ONE, "policy.0.when: .*write conditions like"),
        (
            '[[policy]]\npreset = "chat_default"\n[[policy]]\npreset = "chat_default"',
            "policy 2: chat_default is there twice",
        ),
        (
            '[[policy]]\npreset = "cn_odr_enterprise"\nclocks = [{ name = "settle_with_consumer", '
            'clock = "final_response", target = "9wd", pausable = true }]',
            "policy cn_odr_enterprise: settle_with_consumer: a regulatory clock never pauses",
        ),
        (
            '[[policy]]\npreset = "cn_12345_qinglong"\nwhen.kind = "praise"\nclocks = '
            '[{ name = "sign", clock = "sign_for", target = "1h", when = { kind = "other" } }]',
            "policy cn_12345_qinglong: it never matches: `when` leaves none of its clocks",
        ),
        (
            ALL_RESOLVED + OWN + 'when.channel = "email"\nclocks = ' + ONE,
            "policy own: it never matches: base comes before it",
        ),
        (
            '[[policy]]\npreset = "priority_matrix"\n' + ALL_RESOLVED,
            "policy base: it never matches: priority_matrix comes before it",
        ),
        (
            OWN + 'clocks = [{ name = "one", clock = "resolution", target = "4bh" }, '
            '{ name = "two", clock = "resolution", target = "8bh" }]',
            "policy own: two contradicts another resolution of the same policy",
        ),
        (
            OWN + 'clocks = [{ name = "one", clock = "resolution", target = "4bh" }, '
            '{ name = "two", clock = "first_response", target = "1wd" }]',
            "policy own: first_response 1wd contradicts resolution 4bh of own: it is longer",
        ),
        (
            OWN + 'clocks = [{ name = "one", clock = "resolution", target = "3wd", '
            'end = "opening" }]',
            "end = 'opening' is for bmin and bh, not 3wd",
        ),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=f"policies.toml: .*{reason}"):
        read(text)


def test_a_preset_that_is_wrong_names_its_file() -> None:
    presets: dict[str, Any] = {"mine": {"title": {"en": "Mine"}, "evidence": "maybe"}}

    with pytest.raises(SettingsError, match=r"presets\.toml: mine\.evidence: "):
        parse_policies({}, presets, calendars=SHIPPED)


def test_our_own_hours_must_be_a_calendar() -> None:
    round_the_clock = {"24x7": SHIPPED["24x7"]}

    with pytest.raises(SettingsError, match="has no calendar named business"):
        parse_policies({}, {}, calendars=round_the_clock)


def test_a_directory_without_policies_has_those_that_are_shipped(tmp_path: Path) -> None:
    assert load_policies(tmp_path, calendars=SHIPPED).version == POLICIES.version


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "presets.toml").write_text("[")

    with pytest.raises(SettingsError, match=r"presets\.toml: "):
        load_policies(tmp_path, calendars=SHIPPED)


def test_the_examples_of_the_manual_are_accepted() -> None:
    manual = Path("docs/policies.md").read_text("utf-8")
    calendars, policies = re.findall(r"```toml\n(.*?)```", manual, re.S)

    shop = parse_calendars(tomllib.loads(calendars), file="calendars.toml")["shop"]

    assert shop.valid_until is not None
    assert read(policies).active == ["cn_bank_insurance", "gold"]


CHANNELS, CATEGORIES = ("email", "webchat", "phone"), ("loan", "bill")
facts = st.builds(
    Facts,
    kind=st.sampled_from(KINDS),
    tier=st.sampled_from(["A", "B", None]),
    priority=st.sampled_from(PRIORITIES),
    channel=st.sampled_from([*CHANNELS, None]),
    category=st.sampled_from([*CATEGORIES, None]),
    team=st.none(),
)


def some(values: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, unique=True)


conditions = st.fixed_dictionaries(
    {},
    optional={
        "kind": some(KINDS),
        "tier": some(["A", "B", "none"]),
        "channel": some(CHANNELS),
        "category": some(CATEGORIES),
    },
)
NOBODY = POLICIES.presets["iso10002_baseline"]


@given(facts, st.lists(st.tuples(conditions, st.sampled_from(Kind)), max_size=8))
def test_each_clock_comes_from_the_first_line_that_fits(
    facts: Facts, promised: list[tuple[dict[str, list[str]], Kind]]
) -> None:
    lines = [
        Line(str(n), NOBODY, Clock(str(n), parse("4bh"), kind, when), when, "business")
        for n, (when, kind) in enumerate(promised)
    ]

    chosen = replace(POLICIES, lines=lines, _chosen={}).choose(facts)

    for kind in Kind:
        fitting = [line for line in lines if line.clock.kind is kind and fits(line.when, facts)]
        assert (kind in chosen.clocks) == bool(fitting)
        if fitting:
            assert chosen.clocks[kind].policy == fitting[0].policy
