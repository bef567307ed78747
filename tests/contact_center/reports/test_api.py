from contact_center.channels.base import Receipt
from contact_center.ledger import actions as ledger
from contact_center.web.permissions import Permission
from tests.support.factories import inbound, make_ticket


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
