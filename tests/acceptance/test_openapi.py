"""The API does what its description says, for every route there is."""

import asyncio
import dataclasses
import sys
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from aiohttp.test_utils import TestServer

from contact_center.agents.models import Role
from contact_center.app import build_app
from contact_center.channels.base import Inbound, Sender
from contact_center.channels.dialogue import Step
from contact_center.doorkeeper import Doorkeeper
from contact_center.intake.actions import Intake
from contact_center.routing.rules import Rule
from contact_center.runtime import Runtime
from contact_center.settings import LimitSettings
from contact_center.web.limits import LIMITS
from contact_center.web.passwords import PASSWORDS
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR, Kind, Principal
from tests.support.factories import make_agent, make_team
from tests.support.inboxes import with_intake

HEADERS = {"Authorization": "Bearer of-the-test", "X-CSRF-Token": "csrf-of-the-test"}
# What a schema cannot say is refused with 422 (a time zone, an unknown customer), so a request
# that fits the schema need not succeed.
LEFT_OUT = "positive_data_acceptance"


class Admin(Doorkeeper):
    """Knows the test's one caller, whatever the calls do to logins and passwords."""

    async def by_token(self, token: str, *, now: datetime) -> Principal | None:
        if token != "of-the-test":
            return None
        return Principal(
            kind=Kind.AGENT,
            id=1,
            name="Ada",
            role="admin",
            permissions=frozenset(Permission),
            csrf_token=HEADERS["X-CSRF-Token"],
        )


@pytest.fixture
async def server_url(runtime) -> AsyncIterator[str]:
    intake = Intake(
        db=runtime.db,
        settings=runtime.settings,
        texts=runtime.texts,
        routes=[Rule("Service")],
        dialogue=lambda state, turn: Step(state=state),
        now=runtime.now,
    )
    async with with_intake(runtime, intake) as runtime:
        await _fill(runtime)
        app = build_app(_without_limits(runtime))
        app[AUTHENTICATOR] = Admin(runtime, app[LIMITS], app[PASSWORDS])
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")


async def _fill(runtime: Runtime) -> None:
    """So that the ids that are tried first exist."""
    async with runtime.db.begin() as session:
        await make_agent(session, now=runtime.now(), role=Role.ADMIN)
        await make_team(session, now=runtime.now())
    for number in range(3):
        message = Inbound(
            channel="api",
            external_id=f"m-{number}",
            sender=Sender(address=f"ann-{number}", name="Ann"),
            thread=f"t-{number}",
            text="Where is my order?",
        )
        await runtime.inbox.submit(message)


def _without_limits(runtime: Runtime) -> Runtime:
    limits = LimitSettings(per_caller=10**9, per_address=10**9)
    settings = runtime.settings.model_copy(update={"limits": limits})
    return dataclasses.replace(runtime, settings=settings)


async def test_no_call_breaks_it_and_no_answer_is_undocumented(server_url, tmp_path) -> None:
    arguments = [f"--header={name}: {value}" for name, value in HEADERS.items()]
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli"),
        *("run", f"{server_url}/api/v1/openapi.json", "--url", server_url, *arguments),
        *("--phases", "examples,coverage,fuzzing", "--exclude-checks", LEFT_OUT),
        *(
            "--max-examples",
            "15",
            "--seed",
            "1",
            "--continue-on-failure",
        ),
        *("--generation-database", "none", "--suppress-health-check", "all"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )

    output, _ = await run.communicate()

    assert run.returncode == 0, output.decode()
