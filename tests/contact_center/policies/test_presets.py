"""Recorded deadlines of complaints, by the presets themselves and on the shipped calendars."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from contact_center.calendars.days import Due, due
from tests.support.calendars import POLICIES, SHIPPED


def found(preset: str, clock: str, received: str) -> Due:
    """For something received at noon."""
    said = POLICIES.presets[preset]
    line = said.clock(clock)
    assert line is not None
    on = SHIPPED[line.calendar or said.calendar]
    start = datetime.fromisoformat(f"{received}T12:00").replace(tzinfo=ZoneInfo(on.zone))
    return due(line.target, start, on, line.rule)


@pytest.mark.parametrize(
    ("scenario", "preset", "clock", "received", "legal", "internal"),
    [
        ("G38", "uk_fca_disp", "summary_resolution", "2026-12-18", "2026-12-23", "2026-12-23"),
        ("G38", "uk_fca_disp", "summary_resolution", "2026-12-24", "2026-12-31", "2026-12-31"),
        ("G38", "uk_fca_disp", "summary_resolution", "2026-12-19", "2026-12-23", "2026-12-23"),
        ("G39", "uk_fca_disp", "final_or_holding_response", "2026-10-02", "2026-11-27", None),
        (
            "G39",
            "uk_fca_disp",
            "final_or_holding_response",
            "2026-11-06",
            "2027-01-01",
            "2026-12-31",
        ),
        ("G40", "cn_bank_insurance", "simple", "2026-09-16", "2026-10-08", "2026-09-30"),
        ("G40", "cn_bank_insurance", "simple", "2026-09-20", "2026-10-08", "2026-09-30"),
        ("G40", "cn_bank_insurance", "special_total", "2026-09-22", "2026-11-23", "2026-11-20"),
        ("G41", "cn_12345_bengbu", "phone_order", "2026-09-23", "2026-10-08", None),
        ("G41", "cn_12345_bengbu", "phone_order", "2026-09-18", "2026-09-24", None),
        (
            "G41",
            "cn_12345_shenzhen_dept",
            "suggestion_complaint_report",
            "2026-09-18",
            "2026-10-13",
            None,
        ),
        ("G41", "cn_12345_shenzhen_dept", "consult_help", "2026-09-18", "2026-09-22", None),
        ("G41", "cn_samr_12315", "accept_or_refuse", "2026-09-21", "2026-10-08", None),
        ("G41", "cn_odr_enterprise", "settle_with_consumer", "2026-02-12", "2026-03-04", None),
        ("G41", "uk_or_eu_psd", "reply", "2026-10-02", "2026-10-23", None),
        ("G41", "uk_or_eu_psd", "absolute_max", "2026-10-02", "2026-11-20", None),
        ("G42", "us_cfpb", "respond", "2026-11-20", "2026-12-05", "2026-12-04"),
        ("G42", "us_cfpb", "final_if_in_progress", "2026-11-20", "2027-01-19", None),
        ("G42", "au_asic_rg271", "idr_response", "2026-11-20", "2026-12-20", "2026-12-18"),
        ("G42", "br_sac_11034", "answer", "2026-11-20", "2026-11-27", None),
        ("G42", "uk_ofcom", "adr_letter", "2026-11-24", "2027-01-05", None),
        ("G42", "in_ecommerce_2020", "redress", "2026-01-31", "2026-02-28", "2026-02-27"),
    ],
)
def test_a_preset_falls_due_on_the_recorded_day(
    scenario: str, preset: str, clock: str, received: str, legal: str, internal: str | None
) -> None:
    dates = found(preset, clock, received)

    assert str(dates.legal_day) == legal, scenario
    assert str(dates.internal_day) == (internal or legal), scenario


def test_g33_a_work_order_signed_for_on_a_make_up_day() -> None:
    dates = found("cn_12345_bengbu", "sign", "2026-02-13")

    assert dates.legal.astimezone(ZoneInfo("Asia/Shanghai")).isoformat() == (
        "2026-02-14T18:00:00+08:00"
    )


def test_g14_a_date_past_the_announced_year_is_provisional() -> None:
    """New Year's Day is known, the make-up days of 2027 are not."""
    dates = found("cn_odr_enterprise", "settle_with_consumer", "2026-12-30")

    assert str(dates.legal_day) == "2027-01-14"
    assert dates.provisional
