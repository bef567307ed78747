"""Which policy a ticket gets: for each clock the first line that fits decides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from contact_center.calendars.days import IN_SECONDS, Target, Unit
from contact_center.calendars.week import Calendar
from contact_center.policies.terms import (
    NO_TIER,
    Clock,
    Condition,
    Facts,
    Kind,
    Policy,
    Preset,
    Terms,
    WorkOrderType,
    fits,
)

BUSINESS = "business"  # stands for our own hours: `[[hours]]` says whose are which
STEP = 5 * 60  # seconds that scaled targets are rounded up to
MOST_CACHED = 10_000


@dataclass(frozen=True)
class Line:
    """A clock of a policy that is on, with all conditions under which it is promised."""

    policy: str
    preset: Preset
    clock: Clock
    when: Condition
    calendar: str


@dataclass(frozen=True, repr=False)
class Policies:
    lines: Sequence[Line]
    hours: Sequence[tuple[Condition, str]]  # which calendar our own hours are, for whom
    tier_factor: Mapping[str, Fraction]
    pauses: frozenset[str]
    reserve: Fraction
    presets: Mapping[str, Preset]
    work_order_types: Mapping[str, WorkOrderType]
    version: str
    text: str  # what it was read from, to read it again: a ticket keeps its version
    calendars: Mapping[str, Calendar]
    _chosen: dict[Facts, Policy] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        """Short: what shows it (a task, a log, a failing test) would write a book."""
        return f"<Policies {self.version}>"

    def promises_by(self, preset: str, *, kind: str) -> bool:
        """Whether some tickets of a kind are promised what a preset says."""
        lines = (line for line in self.lines if line.preset.id == preset)
        return any(kind in line.when.get("kind", (kind,)) for line in lines)

    def choose(self, facts: Facts) -> Policy:
        """What such a ticket is promised."""
        policy = self._chosen.get(facts)
        if policy is None:
            if len(self._chosen) >= MOST_CACHED:  # categories are open: strangers may invent some
                self._chosen.clear()
            policy = self._chosen[facts] = self._choose(facts)
        return policy

    def hours_of(self, facts: Facts) -> Calendar:
        """Our working hours for such a ticket."""
        return self.calendars[calendar_for(self.hours, facts)]

    def scaled(self, target: Target, tier: str | None) -> Target:
        return scale(target, self.tier_factor.get(tier or NO_TIER, Fraction(1)))

    @property
    def active(self) -> Sequence[str]:
        """Ids of the policies that are on, first match first."""
        return list(dict.fromkeys(line.policy for line in self.lines))

    def _choose(self, facts: Facts) -> Policy:
        clocks: dict[Kind, Terms] = {}
        for line in self.lines:
            kind = line.clock.kind
            if kind is not None and kind not in clocks and fits(line.when, facts):
                clocks[kind] = self._terms(line, kind, facts)
        names = dict.fromkeys(terms.policy for terms in clocks.values())
        return Policy("+".join(names), self.version, self.hours_of(facts), clocks, self.pauses)

    def _terms(self, line: Line, kind: Kind, facts: Facts) -> Terms:
        clock, preset = line.clock, line.preset
        target = self.scaled(clock.target, facts.tier) if clock.scaled else clock.target
        name = line.calendar
        terms = Terms(
            kind,
            clock.name,
            target,
            self.hours_of(facts) if name == BUSINESS else self.calendars[name],
            clock.rule,
            clock.pausable,
            line.policy,
            preset.title,
            clock.evidence,
            preset.jurisdiction,
            extensions=clock.extensions,
            required_contents=preset.required_contents,
        )
        if target == clock.target:
            return terms
        return replace(terms, unscaled=clock.target, tier=facts.tier)


def calendar_for(hours: Iterable[tuple[Condition, str]], facts: Facts) -> str:
    return next((name for when, name in hours if fits(when, facts)), BUSINESS)


def scale(target: Target, factor: Fraction) -> Target:
    """Time is rounded up to 5 minutes, days to whole ones; a faster service is never slower."""
    if factor == 1 or not target.amount:
        return target
    if target.in_days:
        return Target(-(-target.amount * factor.numerator // factor.denominator), target.unit)
    seconds = -(-target.seconds * factor // STEP) * STEP
    if factor < 1:
        seconds = min(seconds, target.seconds)
    return target if seconds == target.seconds else _in_time(int(seconds), target.unit)


def _in_time(seconds: int, unit: Unit) -> Target:
    business = unit in (Unit.BUSINESS_HOURS, Unit.BUSINESS_MINUTES)
    units = [Unit.BUSINESS_HOURS, Unit.BUSINESS_MINUTES] if business else [Unit.HOURS, Unit.MINUTES]
    for one in units:
        if seconds % IN_SECONDS[one] == 0:
            return Target(seconds // IN_SECONDS[one], one)
    return Target(seconds, Unit.SECONDS)
