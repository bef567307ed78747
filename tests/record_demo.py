"""`python -m tests.record_demo` plays the demo's stories anew and keeps them as its recording."""

import asyncio
import sys
import tempfile
from pathlib import Path

from bots.dialogs.talk import build_dialogue
from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.demo.defaults import COMPANY, for_demo
from contact_center.demo.recording import FILE, record
from contact_center.demo.seeding import DAYS, play
from contact_center.intake.actions.taking import Intake
from contact_center.migrations import run as migrations
from contact_center.settings import Callbacks, Settings
from contact_center.switchboard import load_switchboard
from contact_center.texts import load_texts
from tests.support.calendars import POLICIES

CONFIG = Path(__file__).parents[1] / "config"


def demo_intake(db: Database) -> Intake:
    texts = load_texts(CONFIG / "texts")
    return Intake(
        policies=POLICIES,
        db=db,
        settings=for_demo(Settings()).model_copy(update={"callbacks": Callbacks()}),
        texts=texts,
        routes=load_switchboard(CONFIG / "routing.toml"),
        dialogue=build_dialogue(texts, company=COMPANY),
        now=utcnow,
    )


async def main() -> None:
    now = utcnow()
    with tempfile.TemporaryDirectory() as directory:
        db = Database(f"sqlite+aiosqlite:///{directory}/demo.db")
        await migrations.upgrade(db)
        await play(demo_intake(db), now=now, days=DAYS)
        async with db.read() as session:
            FILE.write_bytes(await record(session, at=now))
        await db.dispose()
    sys.stdout.write(f"{FILE}: {FILE.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    asyncio.run(main())
