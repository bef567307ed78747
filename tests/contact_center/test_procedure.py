import tomllib
from pathlib import Path

import pytest

from contact_center.errors import Invalid
from contact_center.procedure import load_procedure, parse_procedure, usual_procedure
from tests.support.calendars import POLICIES

TABLE = tomllib.loads(Path("config/complaints.toml").read_text("utf-8"))


def refused(**changes) -> str:
    with pytest.raises(Invalid) as error:
        parse_procedure(TABLE | changes)
    return str(error.value)


def test_the_configuration_that_is_shipped_is_valid() -> None:
    procedure, presets = usual_procedure(), POLICIES.presets
    asked = presets["iso10002_baseline"].required_contents

    procedure.check_presets({name: p.contents for name, p in presets.items()})
    assert procedure.needed(asked, "upheld") == ["decision", "reasons", "redress"]
    assert procedure.needed(asked, "rejected") == [
        "decision",
        "reasons",
        "internal_alternatives",
        "external_alternatives",
    ]


def test_what_a_preset_asks_for_must_have_a_name() -> None:
    procedure = usual_procedure()

    with pytest.raises(Invalid, match="a_poem: mine asks for it"):
        procedure.check_presets({"iso10002_baseline": [], "mine": ["a_poem"]})
    with pytest.raises(Invalid, match="there is no such preset"):
        procedure.check_presets({})


def test_a_worse_case_cannot_have_a_lower_priority() -> None:
    matrix = [list(row) for row in TABLE["matrix"]]
    matrix[3][3] = "low"

    assert "matrix: row 3, column 3 is worse than" in refused(matrix=matrix)


def test_a_matrix_has_four_rows_of_four() -> None:
    assert "four rows of four" in refused(matrix=TABLE["matrix"][:3])


def test_nobody_may_grant_more_than_those_above_them() -> None:
    authority = TABLE["authority"] | {"agent": 5000}

    assert "agent may grant more than lead" in refused(authority=authority)


def test_what_every_response_needs_must_have_a_name() -> None:
    assert "always: a_poem: no such content" in refused(always=["a_poem"])


def test_the_file_and_the_key_are_named(tmp_path) -> None:
    file = tmp_path / "complaints.toml"
    file.write_text('currency = "yuan"')

    with pytest.raises(Invalid) as error:
        load_procedure(file)

    assert str(error.value).startswith(f"{file}: currency: ")
    with pytest.raises(Invalid, match="nowhere"):
        load_procedure(tmp_path / "nowhere.toml")
