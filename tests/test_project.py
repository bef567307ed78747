"""What holds for the project as a whole."""

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel

from contact_center.settings import Settings
from contact_center.texts import load_texts, missing_texts

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def setting_names(model: type[BaseModel], section: str = "") -> set[str]:
    names = set()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= setting_names(kind, name)
        else:
            names.add(f"{section}.{name}" if section else name)
    return names


def documented_settings() -> set[str]:
    """`key = …` lines of settings.toml, commented out or not, under their `[section]`."""
    section, found = "", set()
    for line in (ROOT / "config" / "settings.toml").read_text("utf-8").splitlines():
        if match := re.match(r"#?\s*\[([\w.]+)\]", line):
            section = match[1]
        elif match := re.match(r"#?\s*(\w+) = ", line):
            found.add(f"{section}.{match[1]}" if section else match[1])
    return found


def test_every_setting_is_documented() -> None:
    assert setting_names(Settings) - documented_settings() == set()


def test_every_phrase_exists_in_every_language() -> None:
    assert missing_texts(load_texts(ROOT / "config" / "texts")) == []


def test_phrases_have_the_same_placeholders_in_every_language() -> None:
    texts = load_texts(ROOT / "config" / "texts")
    for key in texts.keys("en"):
        fields = {
            language: set(re.findall(r"\{(\w+)", texts.phrase(language, key)))
            for language in texts.languages
        }
        assert len(set(map(frozenset, fields.values()))) == 1, (key, fields)


def test_every_scenario_of_time_ownership_and_complaints_is_a_test_that_names_it() -> None:
    """G01 to G44, in its name or in its parameters."""
    told = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    names = " ".join(re.findall(r"def (test_\w+)", told)).upper()
    named = set(re.findall(r"_(G\d\d)(?=[_(\s])", names)) | set(re.findall(r'"(G\d\d)"', told))

    assert {f"G{number:02}" for number in range(1, 45)} - named == set()


def test_every_slice_is_held_to_its_five_kinds_of_file() -> None:
    slices = {
        f"contact_center.{path.parent.name}"
        for path in (ROOT / "contact_center").glob("*/models.py")
        if path.parent.name != "web"
    }
    [contract] = [
        contract
        for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
        if contract["name"].startswith("Inside a slice")
    ]
    assert slices <= set(contract["containers"])
