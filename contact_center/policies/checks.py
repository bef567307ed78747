"""Refuses policies that cannot be meant: unknown, shadowed, contradictory, not to be kept."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from math import prod

from contact_center.calendars.days import IN_SECONDS, Target, Unit
from contact_center.calendars.week import Calendar
from contact_center.errors import Invalid
from contact_center.policies.choosing import BUSINESS, Line, Policies
from contact_center.policies.terms import CONDITIONS, Facts, Kind, Policy, Terms, WorkOrderType
from contact_center.switchboard import KNOWN_VALUES

OTHER = "\0other"  # a value that no condition names
MOST_COMBINATIONS = 20_000
DAYS_OF = {Unit.CALENDAR_DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 30, Unit.YEARS: 365}
# Whoever waits for the second has been promised the first before.
BEFORE = (
    (Kind.FIRST_RESPONSE, Kind.RESOLUTION),
    (Kind.ACKNOWLEDGEMENT, Kind.FINAL_RESPONSE),
    (Kind.SIGN_FOR, Kind.FINISH),
)


def check(policies: Policies) -> None:
    """Raises Invalid that names the key and the reason."""
    _check_calendars(policies)
    for line in policies.lines:
        if line.clock.pausable and line.preset.jurisdiction:
            raise Invalid(
                f"policy {line.policy}: {line.clock.name}: a regulatory clock never pauses"
            )
    _check_shadows(policies.lines)
    for facts in _combinations(policies.lines):
        chosen = policies.choose(facts)
        _check_order(chosen)
        for kind in (Kind.RESOLUTION, Kind.FINAL_RESPONSE):
            if (terms := chosen.clocks.get(kind)) is not None and terms.tier is None:
                _check_legs(policies, terms, facts.priority or "")


def worked(target: Target, calendar: Calendar) -> int:
    """About how many open seconds a target is, to compare it with others."""
    if not target.in_days:
        return target.amount * IN_SECONDS[target.unit]
    lengths = [sum(end - start for start, end in hours) * 60 for hours in calendar.week]
    if target.unit is Unit.BUSINESS_DAYS:
        return target.amount * sum(lengths) // sum(1 for length in lengths if length)
    return target.amount * DAYS_OF[target.unit] * sum(lengths) // len(lengths)


def _check_calendars(policies: Policies) -> None:
    known = policies.calendars
    for _, name in policies.hours:
        if name not in known:
            raise Invalid(f"hours: {name}: there is no such calendar")
    if BUSINESS not in known:
        raise Invalid(f"calendars.toml has no calendar named {BUSINESS}")
    for line in policies.lines:
        if line.calendar not in known:
            raise Invalid(f"policy {line.policy}: {line.calendar}: there is no such calendar")


def _check_shadows(lines: Sequence[Line]) -> None:
    reached: dict[str, bool] = {}
    blamed: dict[str, str] = {}
    for number, line in enumerate(lines):
        if line.clock.kind is None:
            continue
        earlier = [one for one in lines[:number] if one.clock.kind is line.clock.kind]
        shadows = _shadows(line, earlier)
        if shadows and any(one.policy == line.policy for one in shadows):
            raise Invalid(
                f"policy {line.policy}: {line.clock.name} contradicts another {line.clock.kind} "
                "of the same policy: give them conditions of their own"
            )
        reached[line.policy] = reached.get(line.policy, False) or not shadows
        if shadows:
            blamed[line.policy] = shadows[-1].policy
    for policy, is_reached in reached.items():
        if not is_reached:
            raise Invalid(
                f"policy {policy}: it never matches: {blamed[policy]} comes before it and fits "
                "whatever it fits"
            )


def _shadows(line: Line, earlier: Sequence[Line]) -> list[Line]:
    """The earlier lines that together fit whatever this one fits; none if something is left."""
    if not earlier:
        return []
    values = [_values(name, line, earlier) for name in CONDITIONS]
    if prod(map(len, values)) > MOST_COMBINATIONS:
        return []
    for combination in product(*values):
        facts = dict(zip(CONDITIONS, combination, strict=True))
        if not any(_fits(one, facts) for one in earlier):
            return []
    return [one for one in earlier if _overlaps(one, line)]


def _values(name: str, line: Line, earlier: Sequence[Line]) -> Sequence[str]:
    if name in line.when:
        return line.when[name]
    named = {value for one in earlier for value in one.when.get(name, ())}
    return KNOWN_VALUES.get(name) or [*sorted(named), OTHER]


def _fits(line: Line, facts: Mapping[str, str]) -> bool:
    return all(facts[name] in values for name, values in line.when.items())


def _overlaps(line: Line, other: Line) -> bool:
    return all(
        set(values) & set(other.when.get(name, values)) for name, values in line.when.items()
    )


def _combinations(lines: Sequence[Line]) -> Iterator[Facts]:
    """Every kind of ticket that some condition tells from others."""
    values = []
    for name in CONDITIONS:
        named = {value for line in lines for value in line.when.get(name, ())} - {"none"}
        values.append(KNOWN_VALUES.get(name) or [*sorted(named), None])
    for combination in islice(product(*values), MOST_COMBINATIONS):
        yield Facts(*combination)


def _check_order(policy: Policy) -> None:
    for first, second in BEFORE:
        early, late = policy.clocks.get(first), policy.clocks.get(second)
        if early is None or late is None:
            continue
        if worked(early.target, early.runs_on) > worked(late.target, late.runs_on):
            raise Invalid(
                f"policy {early.policy}: {first} {early.target} contradicts {second} "
                f"{late.target} of {late.policy}: it is longer"
            )


def _check_legs(policies: Policies, terms: Terms, priority: str) -> None:
    limit = worked(terms.target, terms.runs_on) * (1 - policies.reserve) / 3600
    for one in policies.work_order_types.values():
        sign_for, finish = one.targets(priority)
        legs = (worked(sign_for, terms.runs_on) + worked(finish, terms.runs_on)) / 3600
        if legs > limit:
            raise Invalid(_too_long(one, terms, priority, policies, legs, float(limit)))


def _too_long(
    one: WorkOrderType,
    terms: Terms,
    priority: str,
    policies: Policies,
    legs: float,
    limit: float,
) -> str:
    sign_for, finish = one.targets(priority)
    key = f"work_orders.{one.id}" + (f".{priority}" if priority in one.by_priority else "")
    return (
        f"{key}: sign_for {sign_for} + finish {finish} = {legs:g} h > {limit:g} h: "
        f"the customer's {terms.kind} ({terms.policy}, priority {priority}) is {terms.target}, "
        f"less a reserve of {float(policies.reserve):.0%}"
    )
