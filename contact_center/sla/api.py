"""Calendars and policies over HTTP: what we promise, and when we work."""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field

from contact_center.calendars.week import Calendar, DayKind, Hours
from contact_center.errors import NotFound
from contact_center.policies.choosing import Line
from contact_center.policies.terms import Clock, Preset, WorkOrderType
from contact_center.web.call import Call
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("calendars and policies")
READ = Permission.TICKETS_READ

Year = Annotated[int, Field(ge=2000, le=2100)]
Interval = Annotated[str, Field(description='"09:00-18:00"; an end with +1 is on the next day')]


class CalendarView(BaseModel):
    name: str
    title: dict[str, str]
    zone: str
    week: list[list[Interval]] = Field(description="hours of an ordinary week, from Monday")
    valid_until: date | None = Field(description="official days off are known so far")


class SpecialDay(BaseModel):
    date: date
    kind: DayKind
    name: dict[str, str] = Field(description="by language")
    hours: list[Interval]
    provisional: bool = Field(description="not announced officially yet")


class CalendarYear(CalendarView):
    year: int
    days: list[SpecialDay] = Field(description="that differ from an ordinary week")


class ClockView(BaseModel):
    name: str
    clock: str | None = Field(description="which clock runs; null: a figure to know")
    target: str = Field(description='"4bh", "15cd", …')
    when: dict[str, list[str]]
    calendar: str
    count: str
    roll: str
    end: str
    pausable: bool
    scaled: bool = Field(description="by the customer's tier")
    start: str
    evidence: str
    extensions: list[dict[str, Any]]


class PresetView(BaseModel):
    id: str
    title: dict[str, str]
    jurisdiction: str
    source: str
    evidence: str = Field(
        description="V: verified, V2: secondary source, K: not checked, D: our decision"
    )
    active: bool
    effective_from: str | None
    effective_to: str | None
    clocks: list[ClockView]
    required_contents: list[str]
    summary_contents: list[str] = Field(description="of the letter to whoever accepts early")
    retention: dict[str, str]
    figures: dict[str, str]
    notes: dict[str, str]


class PolicyView(BaseModel):
    id: str
    title: dict[str, str]
    evidence: str
    jurisdiction: str
    clocks: list[ClockView]


class WorkOrderTypeView(BaseModel):
    id: str
    title: dict[str, str]
    visit: bool
    sign_for: str
    finish: str
    by_priority: dict[str, dict[str, str]]


class PoliciesView(BaseModel):
    version: str
    pauses: list[str] = Field(description="statuses in which pausable clocks stand still")
    reserve: float = Field(description="share of the customer's time kept from work orders")
    tier_factor: dict[str, float]
    policies: list[PolicyView] = Field(description="for each clock the first that fits decides")
    work_order_types: list[WorkOrderTypeView]
    presets: list[PresetView]


@routes.get("/calendars", permission=READ)
async def list_calendars(call: Call) -> list[CalendarView]:
    """List the calendars that deadlines are counted on."""
    return [CalendarView(**_calendar(one)) for one in call.runtime.calendars.values()]


@routes.get("/calendars/{name}", permission=READ)
async def get_calendar(call: Call, name: str, year: Year | None = None) -> CalendarYear:
    """Get one calendar with the special days of a year, this one if none is said."""
    calendar = call.runtime.calendars.get(name)
    if calendar is None:
        raise NotFound(code="calendar.unknown", name=name[:64])
    wanted = year or call.now.astimezone(calendar.tz).year
    days = [
        SpecialDay(
            date=day,
            kind=override.kind,
            name=dict(override.names),
            hours=_hours(override.hours),
            provisional=not calendar.is_known(day),
        )
        for day, override in sorted(calendar.overrides.items())
        if day.year == wanted
    ]
    return CalendarYear(**_calendar(calendar), year=wanted, days=days)


@routes.get("/policies", permission=READ)
async def get_policies(call: Call) -> PoliciesView:
    """Get what is promised to whom, and all presets that could be switched on."""
    policies = call.runtime.policies
    lines = [(one, [x for x in policies.lines if x.policy == one]) for one in policies.active]
    return PoliciesView(
        version=policies.version,
        pauses=sorted(policies.pauses),
        reserve=float(policies.reserve),
        tier_factor={tier: float(factor) for tier, factor in policies.tier_factor.items()},
        policies=[_policy(one, ours) for one, ours in lines],
        work_order_types=[_work_order_type(one) for one in policies.work_order_types.values()],
        presets=[
            _preset(one, active=one.id in policies.active) for one in policies.presets.values()
        ],
    )


def _calendar(calendar: Calendar) -> dict[str, Any]:
    return {
        "name": calendar.name,
        "title": dict(calendar.titles) or {"en": calendar.name},
        "zone": calendar.zone,
        "week": [_hours(hours) for hours in calendar.week],
        "valid_until": calendar.valid_until,
    }


def _hours(hours: Hours) -> list[str]:
    return [f"{_time(start)}-{_time(end)}" for start, end in hours]


def _time(minute: int) -> str:
    day, left = divmod(minute, 24 * 60)
    if day and not left:
        return "24:00" if day == 1 else "24:00+1"
    return f"{left // 60:02}:{left % 60:02}" + ("+1" if day else "")


def _clock(clock: Clock, *, calendar: str, when: Any) -> ClockView:
    return ClockView(
        name=clock.name,
        clock=clock.kind,
        target=str(clock.target),
        when={name: list(values) for name, values in when.items()},
        calendar=calendar,
        count=clock.rule.count,
        roll=clock.rule.roll,
        end=clock.rule.end,
        pausable=clock.pausable,
        scaled=clock.scaled,
        start=clock.start,
        evidence=clock.evidence,
        extensions=[
            {
                "total": str(one.total) if one.total else None,
                "approver": one.approver,
                "before_due": one.before_due,
                "notify_customer": one.notify_customer,
                "needs": list(one.needs),
            }
            for one in clock.extensions
        ],
    )


def _policy(name: str, lines: list[Line]) -> PolicyView:
    preset = lines[0].preset
    return PolicyView(
        id=name,
        title=dict(preset.title),
        evidence=preset.evidence,
        jurisdiction=preset.jurisdiction,
        clocks=[_clock(one.clock, calendar=one.calendar, when=one.when) for one in lines],
    )


def _preset(preset: Preset, *, active: bool) -> PresetView:
    return PresetView(
        id=preset.id,
        title=dict(preset.title),
        jurisdiction=preset.jurisdiction,
        source=preset.source,
        evidence=preset.evidence,
        active=active,
        effective_from=preset.effective_from,
        effective_to=preset.effective_to,
        clocks=[
            _clock(one, calendar=one.calendar or preset.calendar, when=one.when)
            for one in preset.clocks
        ],
        required_contents=list(preset.required_contents),
        summary_contents=list(preset.summary_contents),
        retention=dict(preset.retention),
        figures=dict(preset.figures),
        notes=dict(preset.notes),
    )


def _work_order_type(one: WorkOrderType) -> WorkOrderTypeView:
    return WorkOrderTypeView(
        id=one.id,
        title=dict(one.title),
        visit=one.visit,
        sign_for=str(one.sign_for),
        finish=str(one.finish),
        by_priority={
            priority: {"sign_for": str(legs[0]), "finish": str(legs[1])}
            for priority, legs in one.by_priority.items()
        },
    )
