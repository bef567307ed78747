"""Calendars and policies over HTTP."""

from typing import Any

from contact_center.runtime import Runtime
from tests.support.clients import Login


async def read(login: Login, path: str) -> Any:
    agent = await login()
    response = await agent.get(f"/api/v1/{path}")
    assert response.status == 200, await response.text()
    return await response.json()


async def test_calendars_are_listed(login: Login) -> None:
    calendars = await read(login, "calendars")

    by_name = {one["name"]: one for one in calendars}
    assert by_name["24x7"]["week"][0] == ["00:00-24:00"]
    assert by_name["cn"]["valid_until"] == "2026-12-31"


async def test_a_year_tells_its_special_days(login: Login) -> None:
    year = await read(login, "calendars/cn?year=2026")

    days: dict[str, Any] = {day["date"]: day for day in year["days"]}
    assert days["2026-10-01"]["name"] == {"en": "National Day", "zh": "国庆节"}
    assert days["2026-09-20"]["kind"] == "makeup"
    assert days["2026-09-20"]["hours"] == ["09:00-12:00", "13:30-18:00"]
    assert not days["2026-09-20"]["provisional"]


async def test_policies_tell_version_clocks_and_presets(login: Login, runtime: Runtime) -> None:
    policies = await read(login, "policies")

    assert policies["version"] == runtime.policies.version
    assert [one["id"] for one in policies["policies"]] == runtime.policies.active
    assert len(policies["presets"]) == 42
    bank = next(one for one in policies["presets"] if one["id"] == "cn_bank_insurance")
    assert (bank["active"], bank["evidence"]) == (False, "V")
    assert bank["clocks"][0]["roll"] == "forward"


async def test_a_calendar_that_is_not_there(login: Login) -> None:
    agent = await login()

    assert (await agent.get("/api/v1/calendars/moon")).status == 404
