"""What a desk feels of a hundred times as many tickets.

Two services run side by side on a small and on a large database, and are asked in turns.
"""

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession, ClientTimeout

from contact_center.agents.models import Agent
from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.logins.actions import open_session
from contact_center.settings import Settings
from contact_center.tickets.queries import Queue
from tests.bench.accept import CLIENTS, Door, our_server
from tests.bench.figures import Figure
from tests.bench.load import drive, requests
from tests.bench.seed import COMMON_EN, COMMON_ZH, RARE_EN, RARE_ZH, seed
from tests.bench.stages import Stage, cpu, server_cpu

SHRINK = 100  # the small database is so many times smaller


@dataclass(frozen=True, slots=True)
class Desk:
    url: str
    tickets: int
    door: Door
    http: ClientSession


async def measure(
    stage: Stage, *, tickets: int, rounds: int, seconds: float
) -> AsyncIterator[Figure]:
    async with AsyncExitStack() as stack:
        small, large = [
            await stack.enter_async_context(_desk(stage, number))
            for number in (max(tickets // SHRINK, 100), tickets)
        ]
        yield await _accepting(stage, small, large, rounds=rounds, seconds=seconds)
        for what, path in _pages().items():
            yield await _asking(stage, small, large, what=what, path=path, rounds=rounds)


def _pages() -> dict[str, str]:
    found = {f"queue {queue}, first page": f"/desk/queues/{queue}" for queue in Queue}
    found["ticket page"] = "/desk/tickets/{some}"
    words = {"common": (COMMON_EN, COMMON_ZH), "rare": (RARE_EN, RARE_ZH)}
    for kind, (english, chinese) in words.items():
        found[f"{kind} English word in messages"] = f"/api/v1/tickets?query={english}"
        found[f"{kind} Chinese word in messages"] = f"/api/v1/tickets?query={chinese}"
    for asked in (RARE_EN, COMMON_EN, "customer", "seed 77"):
        found[f"search page: {asked}"] = f"/desk/search?q={asked}"
    return found


@asynccontextmanager
async def _desk(stage: Stage, tickets: int) -> AsyncIterator[Desk]:
    name = f"growth{tickets}"
    url = await stage.database(name)
    start = time.perf_counter()
    await seed(url, tickets=tickets)
    print(f"{stage.name}: {tickets:,} tickets in {time.perf_counter() - start:.0f} s", flush=True)
    async with (
        our_server(url) as door,
        ClientSession(
            f"http://127.0.0.1:{door.port}",
            headers=await _log_in(url),
            timeout=ClientTimeout(total=120),
        ) as http,
    ):
        yield Desk(url, tickets, door, http)
    await stage.drop(name)


async def _log_in(url: str) -> dict[str, str]:
    """As the first of the seeded agents."""
    db, now = Database(url), utcnow()
    async with db.begin() as session:
        agent = await session.get_one(Agent, 1)
        cookie, _ = await open_session(
            session, agent, user_agent="bench", now=now, settings=Settings().logins
        )
    await db.dispose()
    return {"Cookie": f"cc={cookie}"}


async def _accepting(
    stage: Stage, small: Desk, large: Desk, *, rounds: int, seconds: float
) -> Figure:
    """CPU of our process, and of PostgreSQL, for a message."""
    spent: dict[int, list[float]] = {small.tickets: [], large.tickets: []}
    for n in range(rounds):
        for desk in (small, large):
            spent[desk.tickets].append(await _cpu_per_message(desk, number=n, seconds=seconds))
    return Figure(
        what=f"accept with {large.tickets:,} tickets, CPU against {small.tickets:,}",
        on=stage.name,
        value=min(spent[large.tickets]) / min(spent[small.tickets]),
        unit="×",
        goal=1.2,
    )


async def _cpu_per_message(desk: Desk, *, number: int, seconds: float) -> float:
    work = requests(desk.door.token, customers=500, prefix=f"g{number}")
    await drive(desk.door.port, work, clients=CLIENTS, seconds=seconds / 4)  # warm
    before = cpu(desk.door.process) + await server_cpu(desk.url)
    answers = await drive(desk.door.port, work, clients=CLIENTS, seconds=seconds)
    used = cpu(desk.door.process) + await server_cpu(desk.url) - before
    return used / len(answers.latencies)


async def _asking(
    stage: Stage, small: Desk, large: Desk, *, what: str, path: str, rounds: int
) -> Figure:
    took: dict[int, list[float]] = {small.tickets: [], large.tickets: []}
    for n in range(4 * rounds):
        for desk in (small, large):
            some = 1 + (n * 7919) % desk.tickets
            start = time.perf_counter()
            async with desk.http.get(path.format(some=some), allow_redirects=False) as answer:
                page = await answer.text()
            took[desk.tickets].append(time.perf_counter() - start)
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status} {page[:500]}")
    before, after = (statistics.median(took[desk.tickets]) for desk in (small, large))
    return Figure(
        what=f"{what} ({before * 1e3:.0f} → {after * 1e3:.0f} ms)",
        on=stage.name,
        value=after / before,
        unit="×",
        goal=2,
    )
