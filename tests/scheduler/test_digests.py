import asyncio
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from contact_center.agents.models import Agent, Role, TeamMember
from contact_center.db import Database
from contact_center.deliveries.models import Delivery
from contact_center.reports import actions as reports
from contact_center.reports.rules import days
from contact_center.tickets.models import Status
from scheduler import digests
from scheduler.sweeps import climb_ladder
from tests.support.factories import make_agent, make_team, make_ticket

BEFORE = datetime(2025, 1, 1, tzinfo=UTC)


async def reader(runtime, **fields) -> Agent:
    values = {"role": Role.MANAGER, "digest_hour": 8, "time_zone": "UTC"} | fields
    async with runtime.db.begin() as session:
        return await make_agent(session, now=BEFORE, **values)


async def letters(db: Database) -> list[Delivery]:
    async with db.read() as session:
        found = select(Delivery).where(Delivery.kind == "digest").order_by(Delivery.id)
        return list(await session.scalars(found))


async def tick_until(runtime, clock, end: datetime, *, minutes: int = 10) -> list[datetime]:
    """Look every few minutes; returns when something was sent."""
    sent = []
    while clock() <= end:
        if await digests.send_due_digests(runtime):
            sent.append(clock())
        clock.advance(minutes=minutes)
    return sent


# When


async def test_a_manager_hears_at_their_hour_where_they_are(runtime, clock) -> None:
    await reader(runtime, time_zone="Asia/Shanghai", digest_hour=9)
    clock.now = datetime(2026, 3, 3, 0, 59, tzinfo=UTC)
    assert await digests.send_due_digests(runtime) == 0

    clock.advance(minutes=1)

    assert await digests.send_due_digests(runtime) == 1


async def test_a_digest_is_a_delivery_with_a_key_of_its_own(runtime, clock) -> None:
    manager = await reader(runtime)

    await digests.send_due_digests(runtime)

    [letter] = await letters(runtime.db)
    assert (letter.channel, letter.address) == ("email", manager.email)
    assert letter.idempotency_key == f"digest:{manager.id}:2026-03-02"
    assert letter.payload["subject"] == "Example Ltd: Sunday, 1 March 2026"
    assert letter.ticket_id is None


async def test_looking_again_writes_nothing_more(runtime, clock) -> None:
    await reader(runtime)

    sent = await tick_until(runtime, clock, clock() + timedelta(hours=11, minutes=50))

    assert len(sent) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"digest_hour": None},
        {"role": Role.AGENT},
        {"active": False},
        {"digest_hour": 13},
        {"time_zone": "Pacific/Auckland", "digest_hour": 8},  # 01:00 there
    ],
)
async def test_who_hears_nothing(runtime, fields) -> None:
    await reader(runtime, **fields)

    assert await digests.send_due_digests(runtime) == 0


async def test_who_has_just_begun_hears_tomorrow(runtime, clock) -> None:
    async with runtime.db.begin() as session:
        await make_agent(session, now=clock(), role=Role.LEAD, digest_hour=8)

    assert await digests.send_due_digests(runtime) == 0
    clock.advance(days=1)
    assert await digests.send_due_digests(runtime) == 1


async def test_a_missed_hour_is_made_up_for_on_the_same_day(runtime, clock) -> None:
    await reader(runtime, digest_hour=8)
    clock.now = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)

    assert await digests.send_due_digests(runtime) == 1


async def test_a_missed_day_is_told_by_the_next_digest(runtime, clock) -> None:
    await reader(runtime)
    await digests.send_due_digests(runtime)  # on the 2nd, about the 1st
    clock.advance(days=3)

    await digests.send_due_digests(runtime)  # on the 5th, about the 2nd to the 4th
    clock.advance(days=1)
    await digests.send_due_digests(runtime)

    assert [letter.payload["subject"] for letter in await letters(runtime.db)] == [
        "Example Ltd: Sunday, 1 March 2026",
        "Example Ltd: Monday, 2 March 2026 – Wednesday, 4 March 2026",
        "Example Ltd: Thursday, 5 March 2026",
    ]


async def test_a_ticket_is_told_once_whatever_was_missed(runtime, clock) -> None:
    await reader(runtime)
    told = 0
    for hours in (0, 20, 40, 3, 22, 24, 24):
        clock.advance(hours=hours)
        async with runtime.db.begin() as session:
            await make_ticket(session, now=clock())
        await digests.send_due_digests(runtime)
    clock.now = clock().replace(hour=9) + timedelta(days=1)
    await digests.send_due_digests(runtime)

    for letter in await letters(runtime.db):
        found = re.search(r"Came in: (\d+)", letter.payload["text"])
        assert found is not None
        told += int(found[1])
    assert told == 7


@pytest.mark.parametrize(
    ("hour", "day", "utc"),
    [
        (1, date(2026, 11, 1), datetime(2026, 11, 1, 5, 0, tzinfo=UTC)),  # 01:00 comes twice
        (2, date(2026, 3, 8), datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),  # 02:00 never comes
        (0, date(2026, 3, 8), datetime(2026, 3, 8, 5, 0, tzinfo=UTC)),
        (23, date(2026, 11, 1), datetime(2026, 11, 2, 4, 0, tzinfo=UTC)),
    ],
)
async def test_g36_when_clocks_change_there_is_one_digest_all_the_same(
    runtime, clock, hour, day, utc
) -> None:
    await reader(runtime, digest_hour=hour, time_zone="America/New_York")
    clock.now = datetime(day.year, day.month, day.day, 4, 0, tzinfo=UTC) - timedelta(days=1)
    await digests.send_due_digests(runtime)
    before = len(await letters(runtime.db))

    sent = await tick_until(runtime, clock, utc + timedelta(hours=6), minutes=30)

    assert [at for at in sent if at.date() >= utc.date() and at >= utc - timedelta(hours=2)] == [
        utc
    ]
    keys = [letter.idempotency_key for letter in await letters(runtime.db)][before:]
    assert len(keys) == len(set(keys))


# Once


@pytest.mark.race
async def test_nodes_that_tick_together_write_one_digest(runtime, database_url) -> None:
    await reader(runtime)
    nodes = [replace(runtime, db=Database(database_url)) for _ in range(4)]

    sent = await asyncio.gather(*(digests.send_due_digests(node) for node in nodes * 2))

    for node in nodes:
        await node.db.dispose()
    assert sum(sent) == len(await letters(runtime.db)) == 1


async def test_a_digest_that_fails_stops_no_other(runtime, monkeypatch, caplog) -> None:
    first = await reader(runtime)
    second = await reader(runtime)
    letter = digests.digest_letter

    def broken(digest, reader, **arguments):
        if reader.id == first.id:
            raise ValueError("no luck")
        return letter(digest, reader, **arguments)

    monkeypatch.setattr(digests, "digest_letter", broken)
    assert await digests.send_due_digests(runtime) == 1
    assert "digest failed" in caplog.messages
    assert [one.address for one in await letters(runtime.db)] == [second.email]

    monkeypatch.setattr(digests, "digest_letter", letter)
    assert await digests.send_due_digests(runtime) == 1


# What


async def test_a_lead_hears_of_their_teams_and_a_manager_of_everything(runtime, clock) -> None:
    lead = await reader(runtime, role=Role.LEAD)
    await reader(runtime, role=Role.LEAD)  # in no team
    await reader(runtime)
    yesterday = clock() - timedelta(days=1)
    async with runtime.db.begin() as session:
        team = await make_team(session, now=yesterday)
        session.add(TeamMember(team_id=team.id, agent_id=lead.id))
        await make_ticket(session, now=yesterday, team_id=team.id)
        await make_ticket(session, now=yesterday)

    await digests.send_due_digests(runtime)

    texts = [letter.payload["text"] for letter in await letters(runtime.db)]
    assert ["Came in: 1" in text for text in texts] == [True, False, False]
    assert ["Came in: 2" in text for text in texts] == [False, True, True]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["Waiting longest", "nobody yet", "1 d", "Deadlines missed by the most", "still owed"],
        ),
        ("zh", ["等待最久的客户", "尚无人受理", "1 天", "超时最久的时限", "仍未完成"]),
    ],
)
async def test_it_is_written_in_the_managers_language(runtime, clock, language, words) -> None:
    await reader(runtime, language=language)
    async with runtime.db.begin() as session:
        await make_ticket(session, now=clock() - timedelta(days=1), subject="Late")

    await digests.send_due_digests(runtime)

    [letter] = await letters(runtime.db)
    for part in ("text", "html"):
        assert all(word in letter.payload[part] for word in words)


async def test_what_customers_write_cannot_become_markup(runtime, clock) -> None:
    await reader(runtime)
    async with runtime.db.begin() as session:
        await make_ticket(session, now=clock(), subject="<script>alert(1)</script>")

    await digests.send_due_digests(runtime)

    [letter] = await letters(runtime.db)
    assert "<script" not in letter.payload["html"]
    assert "&lt;script&gt;" in letter.payload["html"]


class Tags(HTMLParser):
    """Open tags that were never closed, and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        if tag == "a":
            self.links.append(dict(attrs).get("href"))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


async def test_the_mail_is_well_formed_small_and_leads_to_the_desk(runtime, clock) -> None:
    await reader(runtime)
    async with runtime.db.begin() as session:
        teams = [await make_team(session, now=clock()) for _ in range(3)]
        for number in range(12):
            await make_ticket(
                session,
                now=clock() - timedelta(days=number),
                team_id=teams[number % 3].id,
                subject="w" * 998,
            )

    await digests.send_due_digests(runtime)

    [letter] = await letters(runtime.db)
    page = Tags(letter.payload["html"])
    assert page.open == []
    assert "http://localhost:8080/desk/tickets/12" in page.links
    assert all(link and link.startswith("http://localhost:8080/desk") for link in page.links)
    assert len(letter.payload["html"].encode()) < 100_000  # Gmail cuts off what is longer


async def test_a_quiet_day_has_a_digest_too(runtime) -> None:
    await reader(runtime)

    await digests.send_due_digests(runtime)

    [letter] = await letters(runtime.db)
    assert "Nobody is waiting for an answer." in letter.payload["text"]
    assert "No customer gave a score." in letter.payload["text"]


async def test_the_mail_says_what_the_report_says(runtime, clock) -> None:
    await reader(runtime)
    async with runtime.db.begin() as session:
        for status in (Status.QUEUED, Status.CLOSED, Status.OPEN):
            await make_ticket(session, now=clock() - timedelta(days=1), status=status)
    day = clock().date() - timedelta(days=1)
    yesterday = days(day, day, time_zone="UTC")
    async with runtime.db.read() as session:
        report = await reports.digest(session, yesterday, now=clock())

    await digests.send_due_digests(runtime)

    [letter] = await letters(runtime.db)
    assert f"Came in: {report.total.opened}" in letter.payload["text"]
    assert f"Open now: {report.total.open}" in letter.payload["text"]
    broken = report.total.first_response_promises.broken + report.total.resolution_promises.broken
    assert f"Promises broken: {broken}" in letter.payload["text"]


async def test_what_was_late_for_days_and_never_explained_is_announced(runtime, clock) -> None:
    manager = await reader(runtime, language="zh")
    async with runtime.db.begin() as session:
        ticket = await make_ticket(session, now=clock() - timedelta(days=8), subject="Leaking pump")
    clock.now = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    await climb_ladder(runtime)
    clock.now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    await digests.send_due_digests(runtime)

    [letter] = await letters(runtime.db)
    assert letter.address == manager.email
    for written in (letter.payload["text"], letter.payload["html"]):
        assert "通报：长期逾期且未作说明" in written
        assert f"/desk/tickets/{ticket.id}" in written
    assert "Leaking pump" in letter.payload["text"]
    assert "首次回复: 2026-02-22 13:00" in letter.payload["text"]
