import pytest

from contact_center.channels.base import Receipt
from contact_center.ledger import actions as ledger
from contact_center.web.permissions import Permission
from tests.support.factories import inbound, make_ticket

DIGEST, WALLBOARD = "/api/v1/reports/digest", "/api/v1/reports/wallboard"


async def test_a_wallboard_shows_how_things_stand(login, db, clock) -> None:
    li = await login(presence="online")
    async with db.begin() as session:
        first = await make_ticket(session, now=clock())
        first.breached_at = clock()
        clock.advance(hours=1)
        await make_ticket(session, now=clock())

    shown = await (await li.get("/api/v1/stats")).json()

    assert shown["queues"] == {"unclaimed": 2, "waiting": 0, "breached": 1, "all": 2}
    assert shown["longest_waiting_since"] == "2026-03-02T12:00:00Z"
    assert shown["agents"] == {"online": 1, "away": 0, "offline": 0}
    assert shown["last_24_hours"]["received"] == 0


async def test_received_is_ticketed_and_joined_and_quarantined(token, db, clock) -> None:
    shop = await token(Permission.REPORTS_READ)
    async with db.begin() as session:
        receipts = [Receipt(outcome) for outcome in ("ticketed", "joined", "joined")]
        await ledger.enter(session, [(inbound(), r) for r in receipts], now=clock())
        clock.advance(days=2)
        await ledger.quarantine(session, [(inbound(), "empty")], now=clock())

    everything = await (await shop.get("/api/v1/ledger")).json()
    recent = await shop.get("/api/v1/ledger", params={"since": "2026-03-03T00:00:00Z"})

    assert everything == {"received": 4, "ticketed": 1, "joined": 2, "quarantined": 1}
    assert (await recent.json())["received"] == 1


async def test_a_lead_reads_the_figures_of_yesterday(runtime, clock, login) -> None:
    lead = await login("lead", time_zone="Asia/Shanghai")
    async with runtime.db.begin() as session:
        await make_ticket(session, now=clock())
    clock.advance(hours=4)  # past midnight in Shanghai

    response = await lead.get(DIGEST)

    figures = await response.json()
    assert response.status == 200, figures
    assert (figures["first"], figures["last"]) == ("2026-03-02", "2026-03-02")
    assert figures["time_zone"] == "Asia/Shanghai"
    assert figures["total"]["opened"] == 1
    assert figures["total"]["ages"] == {
        "up_to_1_day": 1,
        "1_to_3_days": 0,
        "3_to_5_days": 0,
        "5_to_10_days": 0,
        "over_10_days": 0,
    }
    assert figures["total"]["resolution_promises"]["compliance"] is None
    assert [waiting["reference"] for waiting in figures["longest_waiting"]] == ["T-000001"]


async def test_any_day_can_be_asked_for(login) -> None:
    lead = await login("lead")

    figures = await (await lead.get(DIGEST, params={"date": "2026-03-29"})).json()

    assert (figures["first"], figures["total"]["opened"]) == ("2026-03-29", 0)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_the_ends_of_the_calendar_are_empty_days(login, day) -> None:
    lead = await login("lead", time_zone="America/New_York")

    assert (await lead.get(DIGEST, params={"date": day})).status == 200


@pytest.mark.parametrize("day", ["0", "1772409600", "20260302", "2026-02-30", "yesterday", ""])
async def test_what_is_no_date_is_refused(login, day) -> None:
    lead = await login("lead")

    assert (await lead.get(DIGEST, params={"date": day})).status == 422


async def test_the_wallboard_tells_how_things_stand(runtime, clock, login) -> None:
    lead = await login("lead")
    async with runtime.db.begin() as session:
        await make_ticket(session, now=clock())

    board = await (await lead.get(WALLBOARD)).json()

    assert (board["active"], board["unclaimed"], board["late"]) == (1, 1, 0)
    assert board["oldest_waiting"]["since"].startswith("2026-03-02T12:00")
    assert board["agents"] == {"online": 1, "away": 0, "offline": 0}


@pytest.mark.parametrize("path", [DIGEST, WALLBOARD])
async def test_agents_do_not_see_figures(login, token, path) -> None:
    ann = await login("agent")
    shop = await token(Permission.TICKETS_READ)
    reports = await token(Permission.REPORTS_READ)

    assert (await ann.get(path)).status == 403
    assert (await shop.get(path)).status == 403
    assert (await reports.get(path)).status == 200
