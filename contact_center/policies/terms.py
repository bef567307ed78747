"""What is promised: by whom a ticket is, which clocks it gets, and where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum

from contact_center.calendars.days import ELAPSED, TO_CLOSE, Rule, Target
from contact_center.calendars.hours import ROUND_THE_CLOCK
from contact_center.calendars.week import Calendar


class Kind(StrEnum):
    """Clocks that the engine runs."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    ACKNOWLEDGEMENT = "acknowledgement"
    STATUS_UPDATE = "status_update"
    SIGN_FOR = "sign_for"
    FINISH = "finish"
    FINAL_RESPONSE = "final_response"


class Evidence(StrEnum):
    VERIFIED = "V"  # against primary text
    SECONDARY = "V2"  # seen in a secondary source only
    KNOWLEDGE = "K"  # not verified
    DECISION = "D"  # ours: sources are silent or contradict


@dataclass(frozen=True, slots=True)
class Facts:
    """What a policy may depend on. `team` is a name, `tier` a letter; None: not known."""

    kind: str | None = None
    tier: str | None = None
    priority: str | None = None
    channel: str | None = None
    category: str | None = None
    team: str | None = None


CONDITIONS = tuple(one.name for one in fields(Facts))
NO_TIER = "none"  # how a condition names customers without one

Condition = Mapping[str, Sequence[str]]  # of each field one of these; none: everything fits


def fits(condition: Condition, facts: Facts) -> bool:
    return all(_value(facts, name) in values for name, values in condition.items())


def _value(facts: Facts, name: str) -> str | None:
    value: str | None = getattr(facts, name)
    return value or (NO_TIER if name == "tier" else None)


@dataclass(frozen=True, slots=True)
class Extension:
    """How a deadline may be moved, and who must agree."""

    total: Target | None = None  # from the start; None: no limit is known
    approver: str | None = None  # role
    before_due: bool = True
    notify_customer: bool = True
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """One line of a policy: what it promises to whom it fits."""

    name: str
    target: Target
    kind: Kind | None = None  # None: a figure to know, no clock runs
    when: Condition = field(default_factory=dict)
    calendar: str | None = None  # None: that of the policy
    rule: Rule = TO_CLOSE
    pausable: bool = False
    scaled: bool = False  # by the customer's tier
    start: str = "received"
    evidence: Evidence = Evidence.DECISION
    extensions: tuple[Extension, ...] = ()


Words = Mapping[str, str]  # by language


@dataclass(frozen=True, slots=True)
class Preset:
    """A law, a standard or a habit, ready to be switched on."""

    id: str
    title: Words
    jurisdiction: str
    source: str
    evidence: Evidence
    calendar: str
    clocks: tuple[Clock, ...] = ()
    effective_from: str | None = None
    effective_to: str | None = None
    required_contents: tuple[str, ...] = ()
    summary_contents: tuple[str, ...] = ()  # of the letter to whoever accepts early
    retention: Words = field(default_factory=dict)
    figures: Words = field(default_factory=dict)
    notes: Words = field(default_factory=dict)

    @property
    def contents(self) -> tuple[str, ...]:
        """All that its letters must say."""
        return (*self.required_contents, *self.summary_contents)

    def clock(self, name: str) -> Clock | None:
        return next((clock for clock in self.clocks if clock.name == name), None)


@dataclass(frozen=True, slots=True)
class Terms:
    """One clock as a ticket gets it."""

    kind: Kind
    name: str  # of the clock in its policy
    target: Target
    calendar: Calendar
    rule: Rule
    pausable: bool
    policy: str  # id
    title: Words
    evidence: Evidence
    jurisdiction: str = ""
    unscaled: Target | None = None  # what it is for customers without a tier, where that differs
    tier: str | None = None
    extensions: tuple[Extension, ...] = ()
    required_contents: tuple[str, ...] = ()

    @property
    def runs_on(self) -> Calendar:
        """The calendar on which time is consumed; hours that just elapse need none."""
        return ROUND_THE_CLOCK if self.target.unit in ELAPSED else self.calendar


@dataclass(frozen=True, slots=True)
class Policy:
    """All that one ticket is promised. `name` lists the policies that it comes from."""

    name: str
    version: str
    calendar: Calendar  # our working hours for such a ticket
    clocks: Mapping[Kind, Terms]
    pauses: frozenset[str]  # statuses in which pausable clocks stand still

    def title(self, language: str) -> str:
        titles = {terms.policy: terms.title for terms in self.clocks.values()}
        return " + ".join(title.get(language) or title["en"] for title in titles.values())


@dataclass(frozen=True, slots=True)
class WorkOrderType:
    """What departments promise each other (OLA): when they sign for work, when they finish it."""

    id: str
    title: Words
    sign_for: Target
    finish: Target
    visit: bool = False  # somebody goes there: it needs an appointment
    by_priority: Mapping[str, tuple[Target, Target]] = field(default_factory=dict)

    def targets(self, priority: str) -> tuple[Target, Target]:
        """To sign for it, then to finish it."""
        return self.by_priority.get(priority, (self.sign_for, self.finish))
