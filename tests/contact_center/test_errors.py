"""Every error has a code, and every code its texts."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from contact_center import (
    errors,
    serve,  # which loads every module there is
)
from contact_center.errors import ERROR_TEXTS, Conflict, Invalid, TooMany
from contact_center.texts import missing_texts
from contact_center.web.problems import SLUGS, BadRequest

ROOT = Path(__file__).parents[2]
SOURCES = [
    file
    for package in ("contact_center", "bots", "scheduler")
    for file in sorted((ROOT / package).rglob("*.py"))
]
# Read from files by who configures the service, or typed at the command line: in English.
CONFIGURATION = {
    "calendars/countries.py",
    "calendars/loading.py",
    "calendars/week.py",
    "commands.py",
    "demo/seeding.py",
    "ladder.py",
    "policies/checks.py",
    "policies/loading.py",
    "procedure.py",
    "switchboard.py",
}
CODE = re.compile(r"[a-z_]+\.[a-z_]+")
OWN = {"code", "message", "details", "retry_after"}  # what is no fact


def _kinds(base: type[errors.ContactCenterError]) -> Iterator[type[errors.ContactCenterError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)


PACKAGES = ("contact_center", "bots", "scheduler")
assert serve.__package__ in PACKAGES
KINDS = {
    kind.__name__: kind
    for kind in _kinds(errors.ContactCenterError)
    if kind.__module__.partition(".")[0] in PACKAGES
}


def _calls() -> Iterator[tuple[str, ast.Call, str | None]]:
    """Where an error is made: the place, the call, and the code if it is written there."""
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in KINDS:
                place = f"{file.relative_to(ROOT)}:{node.lineno}"
                yield place, node, _literal(node)


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _literal(call: ast.Call) -> str | None:
    given = [one.value for one in call.keywords if one.arg == "code"]
    if given and isinstance(given[0], ast.Constant):
        return str(given[0].value)
    return None


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_a_text_for_every_code() -> None:
    assert ERROR_TEXTS.languages == ["en", "zh"]
    assert missing_texts(ERROR_TEXTS) == []


def test_every_error_is_raised_with_a_code_that_has_a_text() -> None:
    wrong = []
    for place, call, code in _calls():
        if any(place.startswith(f"contact_center/{file}:") for file in CONFIGURATION):
            continue
        has_code = any(one.arg == "code" for one in call.keywords)
        has_words = len(call.args) > (_name(call.func) == BadRequest.__name__)
        if has_words or (code is not None and code not in ERROR_TEXTS.keys("en")):
            wrong.append(f"{place}: {code or 'words of its own'}")
        elif not has_code and KINDS[_name(call.func)].code not in ERROR_TEXTS.keys("en"):
            wrong.append(f"{place}: no code")
    assert wrong == []


def test_codes_that_are_handed_on_have_a_text() -> None:
    written = {
        node.value
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "missing"
        for node in [node.value]
        if isinstance(node, ast.Constant) and CODE.fullmatch(str(node.value))
    }
    assert written, "work_orders' check_text is told what it says"
    assert written <= ERROR_TEXTS.keys("en")
    assert {kind.code for kind in KINDS.values()} <= ERROR_TEXTS.keys("en")


@pytest.mark.parametrize("language", ERROR_TEXTS.languages)
def test_every_placeholder_of_a_text_is_a_fact_where_it_is_raised(language: str) -> None:
    wrong = []
    for place, call, code in _calls():
        facts = {one.arg for one in call.keywords} - OWN
        code = code or (None if call.keywords or call.args else KINDS[_name(call.func)].code)
        if code is not None and (
            lacks := _placeholders(ERROR_TEXTS.phrase(language, code)) - facts
        ):
            wrong.append(f"{place}: {code} {sorted(str(one) for one in lacks)}")
    assert wrong == []


def test_no_text_is_left_of_an_error_that_nobody_raises() -> None:
    source = "".join(file.read_text("utf-8") for file in SOURCES)
    http = {f"error.{slug.replace('-', '_')}" for slug in SLUGS.values()}
    unused = {code for code in ERROR_TEXTS.keys("en") if f'"{code}"' not in source}
    assert unused - http == set()


def test_an_error_says_its_facts_in_every_language() -> None:
    error = Conflict(code="ticket.with_somebody", reference="T-000001", name="Li")
    assert (str(error), error.code) == ("T-000001 is with Li", "ticket.with_somebody")
    assert error.say("zh") == "T-000001 已由 Li 处理。"
    assert error.facts == {"reference": "T-000001", "name": "Li"}


def test_times_sizes_and_lists_are_written_out() -> None:
    due = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert str(Conflict(code="promise.broken", due_at=due)) == (
        "the promise was for 2026-03-01 09:30 UTC: it is broken"
    )
    assert str(Conflict(code="file.too_large", bytes=10 * 1024 * 1024)).endswith("10 MB")
    assert str(Conflict(code="file.too_large", bytes=1536)).endswith("1.5 KB")
    assert str(Conflict(code="file.too_large", bytes=12)).endswith("12 B")
    assert str(Invalid(code="address.port", port=1, ports=[80, 443])).endswith("one of 80, 443")


def test_an_error_without_a_code_says_what_its_class_means() -> None:
    assert str(TooMany(retry_after=3)) == "Too many requests: try again later."
    assert Invalid("calendars.toml: no such key").code == "error.invalid"
    assert Invalid("calendars.toml: no such key").say("zh") == "输入的内容无效。"
