"""The API does what its description says, for every route there is."""

import asyncio
import dataclasses
import sys
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import update

from contact_center.accounts.actions import add_account
from contact_center.agents.models import Role
from contact_center.app import build_app
from contact_center.channels.base import Inbound, Sender
from contact_center.channels.dialogue import Step
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.doorkeeper import Doorkeeper
from contact_center.events.rules import agent
from contact_center.intake.actions.taking import Intake
from contact_center.knowledge.actions import add_canned_reply
from contact_center.messages.actions import reply
from contact_center.runtime import Runtime
from contact_center.settings import LimitSettings
from contact_center.switchboard import Rule, Switchboard
from contact_center.uploads.actions import add_upload
from contact_center.web.limits import LIMITS, RateLimit
from contact_center.web.passwords import PASSWORDS
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR, Kind, Principal
from tests.support.calendars import POLICIES
from tests.support.factories import make_agent, make_team
from tests.support.inboxes import with_intake

HEADERS = {"Authorization": "Bearer of-the-test", "X-CSRF-Token": "csrf-of-the-test"}
# What a schema cannot say is refused with 422 (a time zone, an unknown customer), so a request
# that fits the schema need not succeed.
LEFT_OUT = "positive_data_acceptance"
# An If-Match that is missing or wrong has statuses of its own.
CONFIG = """
[checks]
missing_required_header.expected-statuses = ["4xx"]
negative_data_rejection.expected-statuses = ["4xx"]
"""


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
        policies=POLICIES,
        db=runtime.db,
        settings=runtime.settings,
        texts=runtime.texts,
        routes=Switchboard(rules=[Rule("Service")]),
        dialogue=lambda state, turn: Step(state=state),
        now=runtime.now,
    )
    async with with_intake(runtime, intake) as runtime:
        await _fill(runtime)
        app = build_app(_without_limits(runtime))
        app[LIMITS] = dataclasses.replace(app[LIMITS], bad_credentials=RateLimit(10**9))
        app[AUTHENTICATOR] = Admin(runtime, app[LIMITS], app[PASSWORDS])
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")


async def _fill(runtime: Runtime) -> None:
    """So that the ids that are tried first exist."""
    now, by = runtime.now(), agent(1)
    async with runtime.db.begin() as session:
        await make_agent(session, now=now, role=Role.ADMIN)
        await make_team(session, now=now)
        await add_account(session, values={"name": "Acme"}, by=by, now=now)
        greeting = {"shortcut": "hi", "title": "Hi", "text": "Hello {customer}"}
        await add_canned_reply(session, values=greeting, by=by, now=now)
    for number in range(5):
        text = "" if number == 4 else "Where is my order?"  # the last goes into quarantine
        message = Inbound(
            channel="api",
            external_id=f"m-{number}",
            sender=Sender(address=f"ann-{min(number, 2)}", name="Ann"),
            thread=f"t-{number}",
            text=text,
        )
        await runtime.inbox.submit(message)
    file = await runtime.storage.save(_content(), name="a.txt", content_type="text/plain", limit=9)
    async with runtime.db.begin() as session:
        await reply(session, 1, text="Soon", files=[file], by=by, now=now)
        await add_upload(session, dataclasses.replace(file, key="2" * 32), by=by, now=now)
        await session.execute(update(Delivery).values(status=DeliveryStatus.DEAD))


async def _content() -> AsyncIterator[bytes]:
    yield b"hello"


def _without_limits(runtime: Runtime) -> Runtime:
    limits = LimitSettings(per_caller=10**9, per_address=10**9)
    settings = runtime.settings.model_copy(update={"limits": limits})
    return dataclasses.replace(runtime, settings=settings)


@pytest.mark.timeout(900)  # half a minute on an idle machine; it grows with the API
async def test_no_call_breaks_it_and_no_answer_is_undocumented(server_url, tmp_path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    arguments = [f"--header={name}: {value}" for name, value in HEADERS.items()]
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli"),
        *("run", f"{server_url}/api/v1/openapi.json", "--url", server_url, *arguments),
        *("--phases", "examples,coverage,fuzzing", "--exclude-checks", LEFT_OUT),
        *("--exclude-path", "/api/v1/stream"),  # never ends
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
