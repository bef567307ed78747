"""Composition root: builds the runtime and starts what this process is to do.

Everything that runs is a named, watched task: when one dies the process stops, and whoever
supervises it starts it again. Stopping goes in reverse: no new work, finish what was taken.
"""

import asyncio
import gc
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import make_url

from bots.dialogs.talk import build_dialogue
from bots.webchat import routes as webchat
from bots.webchat.channel import WebchatChannel
from contact_center.agents.queries import all_teams
from contact_center.app import build_app
from contact_center.batching import Batcher
from contact_center.bus import Bus
from contact_center.calendars.loading import load_calendars
from contact_center.channels.base import Channel
from contact_center.channels.email.receiver import receiving
from contact_center.channels.email.sender import build_email_channel
from contact_center.channels.targets import Target
from contact_center.channels.webhook import (
    PickUpChannel,
    RepliesChannel,
    SignedCalls,
    WebhookChannel,
)
from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.demo.defaults import demo_sources, for_demo
from contact_center.demo.welcome import has_demo_staff, seed_if_empty, summary
from contact_center.intake.actions.taking import Intake
from contact_center.integrations.actions import Endpoints
from contact_center.ladder import load_ladder
from contact_center.mentions import mentions, unknown
from contact_center.migrations import run as migrations
from contact_center.policies.loading import load_policies
from contact_center.procedure import FILE, load_procedure
from contact_center.runtime import Runtime
from contact_center.settings import Settings, SettingsError
from contact_center.sla.actions import versions
from contact_center.sources.models import Source
from contact_center.sources.rules import load_sources
from contact_center.storage import LocalStorage
from contact_center.switchboard import load_switchboard
from contact_center.texts import load_texts
from contact_center.web.health import READY_CHECKS
from contact_center.web.metrics import METRICS
from contact_center.web.routes import Routes
from scheduler.app import scheduling
from scheduler.metrics import JobMetrics
from scheduler.relay import Relay

logger = logging.getLogger(__name__)

STOP_WITHIN = 20.0  # seconds


class Stop(asyncio.Event):
    """Set when the process is to end; `died` names what ended by itself, if that is why."""

    def __init__(self) -> None:
        super().__init__()
        self.died: str | None = None

    def watch(self, task: asyncio.Task[None]) -> None:
        """A task that is to run until it is cancelled has ended."""
        if task.cancelled():
            return
        logger.error("a task died", extra={"task": task.get_name()}, exc_info=task.exception())
        self.died = task.get_name()
        self.set()


@asynccontextmanager
async def runtime_from(
    settings: Settings,
    directory: Path,
    *,
    stopped: Stop,
    sources: Mapping[str, Source] | None = None,
) -> AsyncIterator[Runtime]:
    """Everything but what listens; the inbox takes messages as long as this is open."""
    settings = settings.model_copy(update={"secret_key": secret_key(settings)})
    bus = _bus(settings)
    db = Database(settings.database.url, on_commit=bus.publish)
    texts = load_texts(directory / "texts")
    calendars = load_calendars(directory)
    switchboard = load_switchboard(directory / "routing.toml", calendars=calendars)
    procedure = load_procedure(directory / FILE)
    policies = load_policies(directory, calendars=calendars)
    intake = Intake(
        policies=policies,
        db=db,
        settings=settings,
        texts=texts,
        routes=switchboard,
        dialogue=build_dialogue(texts, company=settings.company),
        now=utcnow,
        procedure=procedure,
    )
    channels: dict[str, Channel] = {}
    runtime = Runtime(
        settings=settings,
        db=db,
        bus=bus,
        storage=LocalStorage(settings.attachments.directory),
        texts=texts,
        calendars=calendars,
        policies=policies,
        ladder=load_ladder(directory / "escalations.toml"),
        switchboard=switchboard,
        procedure=procedure,
        inbox=Batcher(intake.handle),
        channels=channels,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(db.dispose)
        await bus.start()
        stack.push_async_callback(bus.stop)
        calls = SignedCalls(settings=settings.webhooks, now=utcnow)
        stack.push_async_callback(calls.close)
        channels["webhook"] = WebhookChannel(calls, targets=Endpoints(db, utcnow))
        channels |= _reply_channels(calls, load_sources(directory) if sources is None else sources)
        email = build_email_channel(settings, runtime.storage)
        stack.push_async_callback(email.close)
        channels["email"] = email
        channels["webchat"] = WebchatChannel(bus)
        await _run_beside(stack, runtime.inbox.run(), name="intake", stopped=stopped)
        yield runtime
        with suppress(TimeoutError):  # nobody empties it when intake has died
            await asyncio.wait_for(runtime.inbox.drain(), STOP_WITHIN)


def run(settings: Settings, directory: Path, *, demo: bool = False) -> None:
    """`serve` in an event loop; in a fast one where that is installed.

    Exits with 1 when something that must run died, so that a supervisor starts it again.
    """
    try:
        import uvloop  # noqa: PLC0415  optional
    except ImportError:
        died = asyncio.run(serve(settings, directory, demo=demo))
    else:
        died = uvloop.run(serve(settings, directory, demo=demo))
    if died is not None:
        sys.exit(1)


async def serve(settings: Settings, directory: Path, *, demo: bool = False) -> str | None:
    """Until the process is told to stop, or something that must run dies: returns its name."""
    stopped = Stop()
    sources = load_sources(directory)
    if demo:
        settings = for_demo(settings)
        sources |= demo_sources(secret_key(settings))
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(
            runtime_from(settings, directory, sources=sources, stopped=stopped)
        )
        await migrations.upgrade(runtime.db)
        await keep_what_holds(runtime)
        seeded = await seed_if_empty(runtime.db) if demo else None
        await warn_of_names(runtime, sources)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await start_roles(stack, runtime, sources, stopped=stopped)
        gc.freeze()  # what is there now stays: to walk it would stop everything for 150 ms
        if demo:
            with_logins = await has_demo_staff(runtime.db)
            sys.stdout.write(summary(runtime.settings, seeded=seeded, with_logins=with_logins))
            sys.stdout.flush()
        await stopped.wait()
        logger.info("stopping")
    return stopped.died


async def keep_what_holds(runtime: Runtime) -> None:
    """Calendars and policies as they are from now on: what has begun goes on by the old ones."""
    async with runtime.db.begin() as session:
        await versions.keep(
            session,
            calendars=runtime.calendars,
            policies=runtime.policies,
            now=runtime.now(),
        )


async def warn_of_names(runtime: Runtime, sources: Mapping[str, Source]) -> None:
    """Teams and skills that the configuration names and nobody has; before the first team is made
    there is nothing to compare with.
    """
    found = mentions(runtime.switchboard, runtime.policies, sources)
    async with runtime.db.read() as session:
        if await all_teams(session):
            for one in await unknown(session, found):
                facts = {"file": one.file, "key": one.key, one.kind: one.name}
                logger.warning("the configuration names what there is not", extra=facts)


async def start_roles(
    stack: AsyncExitStack,
    runtime: Runtime,
    sources: Mapping[str, Source],
    *,
    stopped: Stop,
) -> None:
    """What this process is to do; the doors open last, when everything behind them runs."""
    roles, fronts = set(runtime.settings.server.roles), []
    if runtime.settings.telegram.token is not None:
        fronts.append(await _start_telegram(stack, runtime, "intake" in roles, stopped=stopped))
    app = build_app(runtime, fronts=fronts, sources=sources)
    webchat.setup(app, runtime)
    if "relay" in roles:
        relay = Relay(runtime, owner=_node())
        await _run_beside(stack, relay.run(), name="relay", stopped=stopped)
        app[READY_CHECKS]["relay"] = partial(_is_alive, relay)
    if "scheduler" in roles:
        observe = JobMetrics(app[METRICS].registry).observe
        await stack.enter_async_context(scheduling(runtime, owner=_node(), observe=observe))
    if "intake" in roles:
        await stack.enter_async_context(receiving(runtime))
    if "web" in roles:
        await _listen(stack, app, runtime.settings)


async def _start_telegram(
    stack: AsyncExitStack, runtime: Runtime, receive: bool, *, stopped: Stop
) -> Routes:
    from bots.telegram.app import TelegramFront  # noqa: PLC0415  an extra, and slow to import

    front = TelegramFront(runtime)
    cast("dict[str, Channel]", runtime.channels)["telegram"] = front.channel
    await stack.enter_async_context(front.running(receive=receive, watch=stopped.watch))
    return front.routes()


async def _is_alive(relay: Relay) -> bool:
    return relay.is_alive()


async def _listen(stack: AsyncExitStack, app: web.Application, settings: Settings) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WITHIN)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    server = settings.server
    site = web.TCPSite(runner, server.host, server.port, reuse_port=server.share_port or None)
    await site.start()
    logger.info("listening", extra={"url": settings.server.public_url})


async def _run_beside(
    stack: AsyncExitStack,
    work: Coroutine[Any, Any, None],
    *,
    name: str,
    stopped: Stop,
) -> None:
    """A task that lives as long as the stack; its death ends the process."""
    task = asyncio.create_task(work, name=name)

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    task.add_done_callback(stopped.watch)
    stack.push_async_callback(stop)


def _reply_channels(calls: SignedCalls, sources: Mapping[str, Source]) -> dict[str, Channel]:
    """How answers reach the systems that hand in messages: `api`, and every source's channel."""
    channels: dict[str, Channel] = {"api": PickUpChannel()}
    for source in sources.values():
        if source.channel != "email":
            channels.setdefault(source.channel, PickUpChannel())
        if source.replies is not None:
            secret = source.replies.secret.get_secret_value()
            target = Target(source.replies.url, [secret])
            channels[source.channel] = RepliesChannel(calls, target=target, now=utcnow)
    return channels


def _bus(settings: Settings) -> Bus:
    if settings.bus.url is None and settings.database.url.startswith("sqlite"):
        return Bus()
    from contact_center.fleet import PostgresBus, RedisBus  # noqa: PLC0415  drivers are extras

    if settings.bus.url is not None:
        return RedisBus(settings.bus.url)
    return PostgresBus(settings.database.url.replace("+asyncpg", ""))


def secret_key(settings: Settings) -> SecretStr:
    """The configured key, or one that is made at the first start and kept beside the data."""
    if settings.secret_key.get_secret_value():
        return settings.secret_key
    if not settings.database.url.startswith("sqlite"):
        raise SettingsError("secret_key: set it, the same for all processes (CC_SECRET_KEY)")
    kept = Path(make_url(settings.database.url).database or "data/").parent / "secret_key"
    if not kept.exists():
        kept.parent.mkdir(0o700, parents=True, exist_ok=True)
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return SecretStr(kept.read_text().strip())


def _node() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
