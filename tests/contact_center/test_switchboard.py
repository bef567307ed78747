from datetime import UTC, datetime, timedelta

import pytest

from contact_center.calendars.loading import load_calendars
from contact_center.errors import Invalid
from contact_center.settings import config_directory
from contact_center.switchboard import Rule, Switchboard, load_switchboard, parse_switchboard


def test_the_file_that_comes_with_it_is_fine() -> None:
    board = load_switchboard(config_directory() / "routing.toml")

    number, rule = board.rule_for({"kind": "complaint", "language": "zh"})
    assert (number, rule.team) == (1, "Complaints")
    assert board.tiers.A == ["manager", "deputy"]


def test_the_first_rule_that_fits_decides() -> None:
    board = parse_switchboard(
        {"rule": [{"team": "A", "language": ["zh", "ja"]}, {"team": "B", "skills": "vat"}]}
    )

    assert board.rule_for({"language": "ja"}) == (1, board.rules[0])
    assert board.rule_for({"language": "en"}) == (2, Rule("B", {}, frozenset({"vat"})))
    assert Switchboard().rule_for({}) is None


def test_a_team_may_have_its_own_patience() -> None:
    board = parse_switchboard(
        {"offers": {"accept_within": 100}, "team": [{"name": "Fast", "accept_within": 20}]}
    )

    assert (board.accept_within("Fast"), board.accept_within("Other")) == (20, 100)


def test_a_team_that_keeps_hours_is_closed_outside_them() -> None:
    calendars = load_calendars(config_directory())
    table = {"team": [{"name": "Day", "calendar": "business"}]}
    board = parse_switchboard(table, calendars=calendars)
    friday, monday = datetime(2026, 3, 6, 17, 30, tzinfo=UTC), datetime(2026, 3, 9, 9, tzinfo=UTC)

    assert board.opens_at("Day", now=friday) is None
    assert board.opens_at("Day", now=friday + timedelta(hours=1)) == monday
    assert board.opens_at("Night", now=friday + timedelta(hours=1)) is None
    assert board.later("Day", friday, 3600) == monday + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"rules": []}, "rules: no such section"),
        ({"rule": [{"kind": "complaint"}]}, "rule 1: team is missing"),
        ({"rule": [{"team": "A", "size": "big"}]}, "rule 1: size: no such condition"),
        ({"rule": [{"team": "A", "kind": 3}]}, "rule 1: kind must be a text or a list of texts"),
        (
            {"rule": [{"team": "A", "kind": "complaints"}]},
            "rule 1: kind: complaints: no such kind: there are inquiry, complaint,",
        ),
        (
            {"rule": [{"team": "A", "priority": ["high", "asap"]}]},
            "rule 1: priority: asap",
        ),
        (
            {"rule": [{"team": "A", "language": []}]},
            "rule 1: language: it is empty",
        ),
        ({"rule": [{"team": "A"}, {"team": "B"}]}, "rule 2: it never applies"),
        ({"rule": {"team": "A"}}, r"rule: write \[\[rule\]\] above each"),
        ({"tiers": {"A": ["boss"]}}, r"\[tiers\]: A.0"),
        ({"tiers": {"D": []}}, r"\[tiers\]: D"),
        ({"offers": {"accept_within": 0}}, r"\[offers\]: accept_within"),
        ({"matching": {"skills": "maybe"}}, r"\[matching\]: skills"),
        ({"team": [{"calendar": "x"}]}, "team 1: name"),
        ({"team": [{"name": "A", "calendar": "moon"}]}, "team A: there is no calendar 'moon'"),
        ({"team": [{"name": "A"}, {"name": "A"}]}, "team A: it stands here twice"),
        ({"team": [{"name": "A", "overflow_to": "B"}]}, "go together"),
        (
            {
                "team": [
                    {"name": "A", "overflow_to": "B", "overflow_after": 5},
                    {"name": "B", "overflow_to": "A", "overflow_after": 5},
                ]
            },
            "team A: overflow_to goes in a circle",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(table, reason) -> None:
    with pytest.raises(Invalid, match=reason):
        parse_switchboard(table)


def test_a_broken_file_is_named(tmp_path) -> None:
    file = tmp_path / "routing.toml"
    file.write_text("[[rule]]\nteam = ")

    with pytest.raises(Invalid, match=r"routing\.toml"):
        load_switchboard(file)
