"""What the command line says of the configuration."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contact_center.cli import app


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree("config", tmp_path / "config"))


def check(config: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check-config", "--config", str(config)])
    return done.exit_code, done.output


def test_the_shipped_configuration_is_fine(config: Path) -> None:
    assert check(config) == (0, f"{config}: everything is fine.\n")


def test_laws_that_are_switched_on_show_their_evidence(config: Path) -> None:
    path = config / "policies.toml"
    law = '[[policy]]\npreset = "us_cfpb"\nwhen.kind = "complaint"\n\n'
    path.write_text(
        path.read_text("utf-8").replace("\n[[policy]]", f"\n{law}[[policy]]", 1), "utf-8"
    )

    code, said = check(config)

    assert code == 0, said
    assert said.startswith("us_cfpb is on (US; V2: From a secondary source).\n")


def test_a_preset_of_complaints_whose_clocks_do_not_run_is_told(config: Path) -> None:
    path = config / "complaints.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('preset = "iso10002_baseline"', 'preset = "uk_fca_disp"'), "utf-8")

    code, said = check(config)

    assert code == 0, said
    assert said.startswith(f"{path}: preset: uk_fca_disp is in no policy for complaints")


@pytest.mark.parametrize(
    ("file", "line", "reason"),
    [
        (
            "calendars.toml",
            '[moon]\nzone = "Mars/Base"\nhours.mon = ["09:00-10:00"]',
            "moon.zone: unknown zone 'Mars/Base'",
        ),
        ("policies.toml", '[[policy]]\npreset = "moon_law"', "preset: moon_law: there is no such"),
        ("presets.toml", '[moon_law]\nevidence = "maybe"', "moon_law.title: Field required"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(
    config: Path, file: str, line: str, reason: str
) -> None:
    path = config / file
    path.write_text(f"{path.read_text('utf-8')}\n{line}\n", "utf-8")

    code, said = check(config)

    assert code == 2
    assert said.startswith(f"{path}: ")
    assert reason in said


def test_names_are_looked_up_in_the_database(config: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("CC_DATABASE__URL", f"sqlite+aiosqlite:///{tmp_path}/here.db")
    command = ["check-config", "--database", "--config", str(config)]

    before = CliRunner().invoke(app, command)
    assert CliRunner().invoke(app, ["migrate", "--config", str(config)]).exit_code == 0
    after = CliRunner().invoke(app, command)

    assert (before.exit_code, after.exit_code) == (2, 2)
    assert "there is no database yet" in before.output
    assert f"{config}/routing.toml: rule 1.team: 'Complaints': nobody has made" in after.output
