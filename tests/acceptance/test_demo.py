"""The demo as somebody meets it who tries the contact centre out."""

import asyncio
from collections import Counter

import aiohttp
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from contact_center.demo.people import DOMAIN, PASSWORD
from contact_center.demo.traffic import Pace, play_traffic
from contact_center.settings import Email, Server, Settings
from contact_center.tickets.models import Ticket
from tests.support.patience import PATIENCE
from tests.support.processes import Service, free_port

SECRET = "a secret for tests"


@pytest.fixture
async def demo(database_url, tmp_path):
    mail_port = str(free_port())
    service = Service(
        tmp_path,
        database_url=database_url,
        settings={"CC_EMAIL__LISTEN_PORT": mail_port, "CC_LIMITS__PER_ADDRESS": "100000"},
        arguments=["--demo"],
    )
    service.mail_port = int(mail_port)
    await service.start()
    yield service
    await service.stop()


def settings_of(service) -> Settings:
    return Settings(
        secret_key=SecretStr(SECRET),
        server=Server(port=service.port),
        email=Email(listen_port=service.mail_port),
    )


async def test_the_first_start_tells_where_everything_is_and_lets_everybody_in(demo) -> None:
    said = await demo.said("the demo is ready")
    assert "filled with" in said
    assert f"{demo.url}/shop" in said
    assert PASSWORD in said
    async with aiohttp.ClientSession(demo.url) as http:
        for page in ("/shop", "/desk/login", "/api/docs"):
            async with http.get(page) as answer:
                assert answer.status == 200, page
        for login in ("agent", "agent.zh", "lead", "manager", "admin"):
            body = {"email": f"{login}@{DOMAIN}", "password": PASSWORD}
            async with http.post("/api/v1/session", json=body) as answer:
                assert answer.ok, login


async def test_a_second_start_leaves_the_data_alone(demo, db) -> None:
    before = await count(db, Ticket)
    await demo.said("the demo is ready")
    await demo.stop()
    await demo.start()
    assert await count(db, Ticket) == before
    log = await demo.said("the demo is ready", times=2)
    assert log.count("filled with") == 1


async def test_live_customers_fill_the_queues_and_agents_answer_them(demo, db) -> None:
    before = await count(db, Ticket)
    wanted = {"chats", "chat messages", "API messages", "webhook calls", "mails", "replies"}
    done: Counter[str] = Counter()
    async with asyncio.timeout(PATIENCE):
        while not (wanted <= done.keys() and await count(db, Ticket) > before + 10):
            pace = Pace(minutes=0.25, rate=120, agents=True, seed=len(done), hurry=30)
            tally = await play_traffic(
                settings_of(demo), SecretStr(SECRET), pace, say=lambda _: None
            )
            assert tally.errors.keys() <= {503}  # a busy one asks to try again later
            done += tally.done


async def test_customers_outlive_a_restart_of_the_service(demo, db) -> None:
    pace = Pace(rate=60, seed=6, hurry=30)
    before = await count(db, Ticket)
    playing = asyncio.create_task(
        play_traffic(settings_of(demo), SecretStr(SECRET), pace, say=lambda _: None)
    )
    await until_there_are(db, before + 2)
    await demo.kill()
    await demo.start()
    await until_there_are(db, await count(db, Ticket) + 2)
    assert not playing.done()
    playing.cancel()
    await asyncio.wait([playing])


async def count(db, table) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(table))


async def until_there_are(db, tickets: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await count(db, Ticket) < tickets:
            await asyncio.sleep(0.1)
