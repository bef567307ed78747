"""Lists and counts of quarantine leave alone what came, which may be large."""

from contextlib import contextmanager

from sqlalchemy import event, inspect

from contact_center.channels.base import Sender
from contact_center.ledger import actions, queries, rules
from contact_center.storage import StoredFile
from tests.support.factories import inbound

FILE = StoredFile("0" * 32, "a.png", "image/png", 1, "x")


async def keep(session, clock, number: int = 1, **fields) -> None:
    kept = [(inbound(**fields), "too odd") for _ in range(number)]
    await actions.quarantine(session, kept, now=clock())


@contextmanager
def noted(session):
    """The statements that are executed."""
    statements: list[str] = []

    def note(connection, cursor, statement, *rest) -> None:
        statements.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


async def test_a_list_shows_who_wrote_and_how_it_begins(session, clock) -> None:
    text = "long " * 100_000
    await keep(session, clock, text=text, sender=Sender(address="ann@example.com", name="Ann"))
    session.expunge_all()

    [kept] = await queries.quarantined(session)

    assert "payload" in inspect(kept).unloaded
    assert kept.sender == "Ann ann@example.com"
    assert kept.excerpt == text[: rules.EXCERPT]
    session.expunge_all()
    assert (await queries.get_quarantined(session, kept.id)).payload["text"] == text


async def test_counting_stops_where_told_and_passes_over_what_was_released(session, clock) -> None:
    await keep(session, clock, 4)
    [first, *_] = await queries.quarantined(session)
    first.released_at = clock()
    await session.flush()

    with noted(session) as statements:
        assert await queries.quarantine_size(session, most=2) == 2
        assert await queries.quarantine_size(session, most=100) == 3

    assert not any("payload" in statement for statement in statements)


async def test_files_are_known_without_what_came_with_them(session, clock) -> None:
    await keep(session, clock, attachments=[FILE])
    await keep(session, clock)

    with noted(session) as statements:
        assert await queries.files_in_quarantine(session) == {FILE.key}

    assert not any("payload" in statement for statement in statements)
