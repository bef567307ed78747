from datetime import timedelta

import pytest
from sqlalchemy import select

from contact_center.alerts import queries
from contact_center.alerts.actions import alert, mark_read
from contact_center.deliveries.models import Delivery
from contact_center.settings import Email, Telegram
from contact_center.texts import missing_texts
from scheduler import sweeps
from tests.support.factories import make_agent, make_ticket


@pytest.fixture
def sending(runtime, monkeypatch):
    """Mail and Telegram are set up."""
    settings = runtime.settings.model_copy(
        update={"email": Email(enabled=True), "telegram": Telegram(token="1:secret")}
    )
    object.__setattr__(runtime, "settings", settings)
    return runtime


async def deliveries(db) -> list[Delivery]:
    async with db.read() as session:
        return list(await session.scalars(select(Delivery).order_by(Delivery.id)))


async def test_being_told_twice_changes_nothing(session, clock) -> None:
    ann = await make_agent(session, now=clock())
    told = {"to": [ann.id], "kind": "other", "facts": {}, "key": "k", "now": clock()}

    await alert(session, **told)
    await alert(session, **told)

    assert await queries.unread_size(session, ann.id) == 1


async def test_who_has_left_is_not_told(session, clock) -> None:
    gone = await make_agent(session, now=clock(), active=False)

    await alert(session, to=[gone.id], kind="other", facts={}, key="k", now=clock())

    assert await queries.alerts_of(session, gone.id) == []


async def test_mail_and_telegram_speak_the_readers_language(sending, db, clock) -> None:
    async with db.begin() as session:
        ann = await make_agent(session, now=clock(), name="Ann")
        li = await make_agent(session, now=clock(), language="zh", telegram_id="77")
        ticket = await make_ticket(session, now=clock())
        await alert(
            session,
            to=[ann.id, li.id],
            kind="supervision.taken",
            facts={"by": ann.id, "cause": "transfers"},
            ticket_id=ticket.id,
            key="k",
            now=clock(),
        )

    assert await sweeps.send_alerts(sending) == 2
    assert await sweeps.send_alerts(sending) == 0

    [english, mail, chat] = await deliveries(db)
    assert (english.channel, english.address) == ("email", ann.email)
    assert english.payload["subject"] == (
        "Ann looks after T-000001 from now on (transferred three times)."
    )
    assert english.payload["text"].endswith("http://localhost:8080/desk/tickets/1")
    assert (mail.channel, chat.channel, chat.address) == ("email", "telegram", "77")
    assert "已转交三次" in mail.payload["text"]
    assert "已转交三次" in chat.payload["text"]


async def test_what_has_been_read_at_the_desk_is_not_mailed(sending, db, clock) -> None:
    async with db.begin() as session:
        ann = await make_agent(session, now=clock())
        await alert(session, to=[ann.id], kind="other", facts={}, key="k", now=clock())
        await mark_read(session, ann.id, now=clock() + timedelta(seconds=1))

    await sweeps.send_alerts(sending)

    assert await deliveries(db) == []


async def test_a_kind_without_words_and_a_fact_that_is_missing_break_nothing(
    sending, db, clock
) -> None:
    async with db.begin() as session:
        ann = await make_agent(session, now=clock())
        for kind in ("never.heard.of", "not_solved"):
            await alert(session, to=[ann.id], kind=kind, facts={}, key=kind, now=clock())

    await sweeps.send_alerts(sending)

    [strange, incomplete] = await deliveries(db)
    assert "never.heard.of" in strange.payload["text"]
    assert "– is not solved" in incomplete.payload["text"]


def test_both_languages_have_the_same_texts(runtime) -> None:
    assert missing_texts(runtime.texts) == []
