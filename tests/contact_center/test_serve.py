import os
import stat
import subprocess
import sys
from dataclasses import replace

import pytest

from contact_center.serve import secret_key, warn_of_names
from contact_center.settings import DatabaseSettings, Settings
from contact_center.switchboard import parse_switchboard
from tests.support.factories import make_team
from tests.support.patience import PATIENCE

PROGRAM = """
import asyncio, sys
from pathlib import Path
from contact_center import batching, serve
from contact_center.settings import Settings
from scheduler import relay

async def ends(self):
    await asyncio.sleep(0.5)

async def breaks(self):
    await ends(self)
    raise RuntimeError("broken")

{change}
serve.run(Settings(), Path("config"))
"""


@pytest.mark.parametrize(
    "change",
    ["relay.Relay.run = ends", "batching.Batcher.run = breaks"],
)
def test_a_process_in_which_something_dies_ends_with_an_error(tmp_path, change) -> None:
    environment = os.environ | {
        "CC_DATABASE__URL": f"sqlite+aiosqlite:///{tmp_path}/test.db",
        "CC_ATTACHMENTS__DIRECTORY": str(tmp_path / "attachments"),
        "CC_SERVER__PORT": "0",
        "CC_SERVER__ROLES": '["relay"]',
        "PYTHONPATH": ".",
    }
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(change=change)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert ended.returncode == 1, ended.stderr
    assert "a task died" in ended.stderr + ended.stdout


def test_the_key_that_was_made_lies_beside_the_database(tmp_path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/there/test.db"
    settings = Settings(database=DatabaseSettings(url=url))

    made = secret_key(settings).get_secret_value()

    file = tmp_path / "there" / "secret_key"
    assert len(made) > 40
    assert file.read_text() == made == secret_key(settings).get_secret_value()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_team_nobody_has_made_is_told_at_the_start(runtime, clock, caplog) -> None:
    rules = {"rule": [{"team": "Complaints", "kind": "complaint"}, {"team": "Service"}]}
    named = replace(runtime, switchboard=parse_switchboard(rules))
    await warn_of_names(named, {})
    assert caplog.records == []  # nobody has made any team yet
    async with runtime.db.begin() as session:
        await make_team(session, name="Service", now=clock())

    await warn_of_names(named, {})

    [said] = caplog.records
    assert (said.levelname, said.file, said.key, said.team) == (
        "WARNING",
        "routing.toml",
        "rule 1.team",
        "Complaints",
    )
