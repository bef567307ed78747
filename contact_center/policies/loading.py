"""Reads `policies.toml` and `presets.toml`. Every error names the file, the key and the reason."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from contact_center.calendars.loading import Calendars
from contact_center.errors import Invalid
from contact_center.policies.checks import check
from contact_center.policies.choosing import BUSINESS, Line, Policies
from contact_center.policies.tables import (
    Id,
    PoliciesFile,
    PolicyTable,
    PresetTable,
    WorkOrderTable,
)
from contact_center.policies.terms import Clock, Condition, Evidence, Preset, Words, WorkOrderType
from contact_center.settings import SettingsError, config_file
from contact_center.switchboard import PRIORITIES

FILE, PRESETS = "policies.toml", "presets.toml"

T = TypeVar("T")

_PRESETS = TypeAdapter(dict[Id, PresetTable])
_POLICIES = TypeAdapter(PoliciesFile)


def load_policies(directory: Path, *, calendars: Calendars) -> Policies:
    """From the config directory. Raises SettingsError."""
    file, presets = config_file(directory, FILE), config_file(directory, PRESETS)
    return parse_policies(
        _read(file), _read(presets), calendars=calendars, file=str(file), presets_file=str(presets)
    )


def parse_policies(
    table: Mapping[str, Any],
    presets: Mapping[str, Any],
    *,
    calendars: Calendars,
    file: str = FILE,
    presets_file: str = PRESETS,
) -> Policies:
    """Raises SettingsError."""
    known = {
        name: _preset(name, one)
        for name, one in _validated(_PRESETS, presets, presets_file).items()
    }
    said = _validated(_POLICIES, table, file)
    used = {one.preset: presets.get(one.preset) for one in said.policy if one.preset}
    text = json.dumps([table, used], sort_keys=True, default=str)
    try:
        policies = Policies(
            lines=tuple(_lines(said, known)),
            hours=tuple((one.when, one.calendar) for one in said.hours),
            tier_factor=said.tier_factor,
            pauses=frozenset(said.pauses),
            reserve=said.reserve,
            presets=MappingProxyType(known),
            work_order_types={n: _work_order_type(n, one) for n, one in said.work_orders.items()},
            version=hashlib.sha256(text.encode()).hexdigest()[:12],
            text=text,
            calendars=calendars,
        )
        check(policies)
    except Invalid as error:
        raise SettingsError(f"{file}: {error}") from error
    return policies


def reread(text: str, *, calendars: Calendars) -> Policies:
    """What `Policies.text` says, on the calendars of now."""
    table, presets = json.loads(text)
    return parse_policies(table, presets, calendars=calendars)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: {error}") from error


def _validated(adapter: TypeAdapter[T], table: Mapping[str, Any], file: str) -> T:
    try:
        return adapter.validate_python(table)
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise SettingsError(f"{file}: " + "; ".join(reasons)) from None


def _words(written: Mapping[Any, str]) -> Words:
    return {str(language): text for language, text in written.items()}


def _preset(name: str, table: PresetTable) -> Preset:
    return Preset(
        name,
        _words(table.title),
        table.jurisdiction,
        table.source,
        table.evidence,
        table.calendar,
        tuple(clock.build(table.evidence) for clock in table.clocks),
        table.effective_from.isoformat() if table.effective_from else None,
        table.effective_to.isoformat() if table.effective_to else None,
        table.required_contents,
        table.summary_contents,
        table.retention,
        table.figures,
        _words(table.notes),
    )


def _lines(said: PoliciesFile, presets: Mapping[str, Preset]) -> Iterator[Line]:
    ids = set()
    for number, table in enumerate(said.policy, start=1):
        preset = _of_policy(table, presets, f"policy {number}")
        if preset.id in ids:
            raise Invalid(f"policy {number}: {preset.id} is there twice: give one another id")
        ids.add(preset.id)
        lines = [line for clock in preset.clocks if (line := _line(preset, clock, table))]
        if not lines:
            raise Invalid(f"policy {preset.id}: it never matches: `when` leaves none of its clocks")
        yield from lines


def _of_policy(table: PolicyTable, presets: Mapping[str, Preset], key: str) -> Preset:
    """The preset with what we say ourselves, or ours alone."""
    if table.preset is None:
        if table.id is None or not table.clocks or "en" not in table.title:
            raise Invalid(f"{key}: it needs a preset, or an id, a title.en and clocks")
        base = Preset(table.id, _words(table.title), "", "", Evidence.DECISION, BUSINESS)
    elif table.preset not in presets:
        raise Invalid(f"{key}: preset: {table.preset}: there is no such preset in {PRESETS}")
    else:
        base = presets[table.preset]
    own = [clock.build(Evidence.DECISION) for clock in table.clocks]
    replaced = {clock.name for clock in own}
    return Preset(
        table.id or base.id,
        _words(table.title) or base.title,
        base.jurisdiction,
        base.source,
        base.evidence,
        table.calendar or base.calendar,
        (*own, *(clock for clock in base.clocks if clock.name not in replaced)),
        base.effective_from,
        base.effective_to,
        base.required_contents,
        base.summary_contents,
        base.retention,
        base.figures,
        base.notes,
    )


def _line(preset: Preset, clock: Clock, table: PolicyTable) -> Line | None:
    when = _both(table.when, clock.when)
    if when is None:
        return None
    return Line(preset.id, preset, clock, when, clock.calendar or preset.calendar)


def _both(first: Condition, second: Condition) -> Condition | None:
    """What fits both conditions; None where nothing does."""
    both = {**first, **second}
    for name in first.keys() & second.keys():
        both[name] = [value for value in first[name] if value in second[name]]
    return both if all(both.values()) else None


def _work_order_type(name: str, table: WorkOrderTable) -> WorkOrderType:
    by_priority = {
        priority: (legs.sign_for, legs.finish)
        for priority in PRIORITIES
        if (legs := getattr(table, priority)) is not None
    }
    return WorkOrderType(
        name, _words(table.title), table.sign_for, table.finish, table.visit, by_priority
    )
