import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from contact_center import desk
from contact_center.desk import words
from contact_center.errors import ERROR_TEXTS
from contact_center.texts import load_texts
from contact_center.tickets.models import (
    Priority,
    ResolutionCode,
    Status,
    TicketKind,
    TransferReason,
)

DESK = Path("contact_center/desk")
TEMPLATES = sorted((DESK / "templates").glob("*.html"))
# What a person may read: the text between tags, and these attributes.
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt|label)="([^"]*)"')
SAID = re.compile(r'\bsay\(\s*session,\s*[\w.]+,\s*"(\w+\.\w+)"')
LOGGED = re.compile(r'await _log\(session, ticket, "(\w+)"')  # by the clocks
KEYS = re.compile(r"<kbd>.*?</kbd>")
CLASSES = re.compile(r"\{% block kind %\}.*?\{% endblock %\}")
CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
# Examples of an input format are the same in every language.
SAME_EVERYWHERE = re.compile(r"T-000123|-?\d+|https://|/refund|customer|agent|reference|kB|en, zh")


def test_both_languages_say_the_same_things() -> None:
    assert words.WORDS.keys("en") == words.WORDS.keys("zh")


def test_both_languages_fill_in_the_same_values() -> None:
    for key in words.WORDS.keys("en"):
        found = [
            set(re.findall(r"\{(\w+)\}", words.WORDS._phrases[language][key]))
            for language in ("en", "zh")
        ]
        assert found[0] == found[1], key


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_speaks_by_itself(template: Path) -> None:
    html = template.read_text("utf-8")
    for unspoken in (KEYS, CLASSES, CODE):
        html = unspoken.sub("", html)
    spoken = [match[1] for match in SPOKEN.finditer(html)]
    spoken += re.sub(r"<[^>]*>", "\n", html).split("\n")
    bare = [text for text in spoken if re.search(r"[^\W\d_]", SAME_EVERYWHERE.sub("", text))]

    assert bare == []


def test_every_phrase_of_a_template_exists() -> None:
    for template in TEMPLATES:
        for key in re.findall(r"""\bt\(\s*["']([a-z_.]+[a-z_])["']""", template.read_text("utf-8")):
            if not key.endswith("."):
                assert key in words.WORDS.keys("en"), f"{template.name}: {key}"


def test_what_happens_to_a_ticket_is_told_in_words() -> None:
    sources = [path.read_text("utf-8") for path in Path("contact_center").rglob("actions/*.py")]
    sources += [path.read_text("utf-8") for path in Path("contact_center").rglob("actions.py")]
    kinds = {kind for source in sources for kind in SAID.findall(source)}
    kinds |= {f"clock.{verb}" for source in sources for verb in LOGGED.findall(source)}

    assert len(kinds) > 30
    assert sorted(k for k in kinds if f"event.{k}" not in words.WORDS.keys("en")) == []


@pytest.mark.parametrize(
    ("section", "codes"),
    [
        ("status", Status),
        ("priority", Priority),
        ("kind", TicketKind),
        ("code", ResolutionCode),
        ("reason", TransferReason),
    ],
)
def test_every_code_has_a_word(section, codes) -> None:
    for code in codes:
        assert f"{section}.{code.value}" in words.WORDS.keys("zh")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("zh-CN,zh;q=0.9", "zh"), ("de-DE, en;q=0.5", "en"), ("", "en"), ("xx", "en")],
)
def test_a_browser_is_spoken_to_in_its_language(accepted: str, language: str) -> None:
    assert words.choose_language(accepted) == language


def test_one_thing_has_one_name_in_chinese() -> None:
    """A work order is 派单, a lead 组长; 工单 is the ticket itself."""
    others = re.compile("协办单|工作单|主管")
    spoken = [words.WORDS, ERROR_TEXTS, load_texts(Path("config/texts"))]
    wrong = [
        f"{key}: {phrase}"
        for texts in spoken
        for key in sorted(texts.keys("zh"))
        if others.search(phrase := texts.phrase("zh", key))
    ]
    assert wrong == []


def test_every_field_of_a_form_has_a_name() -> None:
    """Which is told when it is refused."""
    unnamed = []
    for module in pkgutil.iter_modules(desk.__path__):
        for form in vars(importlib.import_module(f"{desk.__name__}.{module.name}")).values():
            if isinstance(form, type) and issubclass(form, BaseModel):
                fields = [field.alias or name for name, field in form.model_fields.items()]
                unnamed += [
                    f"{form.__name__}: {field}"
                    for field in fields
                    if form.__module__.startswith(f"{desk.__name__}.")
                    and f"field.{field}" not in words.WORDS.keys("en")
                ]
    assert unnamed == []
