"""Ladders that make no sense are refused, with the reason."""

import pytest

from contact_center.errors import Invalid
from contact_center.ladder import load_ladder, parse_ladder, usual_ladder

TITLE = {"en": "late", "zh": "逾期"}


def rung(at: str, *, name: str = "", **more):
    name = name or "at_" + at.strip("+%")
    return {"name": name, "title": TITLE, "at": at, "tell": ["owner"], **more}


def ladder(*rungs, **more):
    return {"short_below": "8bh", "rung": list(rungs), **more}


def test_customers_of_tier_a_have_each_rung_one_level_higher() -> None:
    usual = usual_ladder()

    assert usual.breach == 3
    assert [usual.told_at(n, "B") for n in (1, 2, 3, 4, 5)] == [
        {"owner"},
        {"owner", "lead"},
        {"supervisor"},
        {"department"},
        set(),
    ]
    assert [usual.told_at(n, "A") for n in (1, 2, 3, 4, 5)] == [
        {"owner", "lead"},
        {"owner", "lead", "supervisor"},
        {"supervisor", "department"},
        {"department"},
        set(),
    ]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (ladder(rung("50%")), 'exactly one is at "100%"'),
        (ladder(rung("100%"), rung("100%", name="again")), "100% is not above 100%|exactly one"),
        (ladder(rung("75%"), rung("50%"), rung("100%")), "rung at_50: 50% is not above 75%"),
        (ladder(rung("+1wd"), rung("100%")), "rung at_1wd: .* stands above 100%"),
        (ladder(rung("10%"), rung("100%")), "'10%' is no share"),
        (ladder(rung("100%", tell=["boss"])), "rung.0.tell.0"),
        (ladder(rung("100%"), rung("+3")), "rung.1.at: .*'3' is no target"),
        (ladder(rung("100%"), rung("+1wd", short="80%")), "80% is not above 100%"),
        (ladder(rung("50%", name="a"), rung("100%", name="a")), "a: there twice"),
        (ladder(rung("100%"), short_below="1wd"), "short_below: 1wd is a date"),
        (ladder(rung("100%"), tier={"D": {"higher": 1}}), "tier.D"),
        (ladder(rung("100%"), tier={"A": {"higher": -1}}), "tier.A.higher"),
        (ladder(), "rung: .*at least 1"),
        (ladder(rung("100%"), rungs=[]), "rungs: .*not permitted"),
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused(table, reason) -> None:
    with pytest.raises(Invalid, match=reason):
        parse_ladder(table)


def test_an_error_names_the_file(tmp_path) -> None:
    file = tmp_path / "escalations.toml"
    with pytest.raises(Invalid, match=str(file)):
        load_ladder(file)

    file.write_text("short_below =")
    with pytest.raises(Invalid, match=str(file)):
        load_ladder(file)
