import pytest
from aiohttp import web
from sqlalchemy import select

from contact_center.app import build_app
from contact_center.logins.models import ApiToken, LoginSession
from contact_center.web.passwords import PASSWORDS, Passwords
from contact_center.web.permissions import Permission
from contact_center.web.principal import AUTHENTICATOR
from tests.contact_center.web.conftest import with_settings
from tests.support.factories import make_agent

EMAIL, PASSWORD = "ann@desk.example", "correct horse"
CREDENTIALS = {"email": EMAIL, "password": PASSWORD}


@pytest.fixture(scope="session")
async def password_hash() -> str:
    return await Passwords().hash(PASSWORD)


@pytest.fixture
async def ann(runtime, clock, password_hash):
    async with runtime.db.begin() as session:
        return await make_agent(session, now=clock.now, email=EMAIL, password_hash=password_hash)


async def log_in(browser) -> dict[str, str]:
    """The header that says a change is meant."""
    response = await browser.post("/api/v1/session", json=CREDENTIALS)
    return {"X-CSRF-Token": (await response.json())["csrf_token"]}


async def test_a_login_sets_a_cookie_that_scripts_cannot_read(client, ann) -> None:
    response = await client.post("/api/v1/session", json={**CREDENTIALS, "email": EMAIL.upper()})

    assert response.status == 201
    shown = await response.json()
    assert shown["agent_id"] == ann.id
    assert "tickets:read" in shown["permissions"]
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("cc=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert (await client.get("/api/v1/me")).status == 200


async def test_behind_https_the_cookie_is_bound_to_the_host(runtime, ann) -> None:
    from aiohttp.test_utils import TestClient, TestServer

    secure = with_settings(runtime, server={"public_url": "https://desk.example"})
    async with TestClient(TestServer(build_app(secure))) as client:
        response = await client.post("/api/v1/session", json=CREDENTIALS)

    assert response.headers["Set-Cookie"].startswith("__Host-cc=")
    assert "Secure" in response.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in response.headers


async def test_only_a_hash_of_the_cookie_is_kept(client, runtime, ann) -> None:
    response = await client.post("/api/v1/session", json=CREDENTIALS)

    secret = response.cookies["cc"].value
    async with runtime.db.read() as session:
        stored = await session.scalar(select(LoginSession))
    assert secret not in (stored.id_hash, stored.csrf_token)


@pytest.mark.parametrize(
    "credentials",
    [{"email": EMAIL, "password": "wrong"}, {"email": "nobody@desk.example", "password": "x"}],
)
async def test_wrong_credentials_are_told_apart_by_nobody(client, ann, credentials) -> None:
    response = await client.post("/api/v1/session", json=credentials)

    assert response.status == 401
    problem = await response.json()
    assert problem["detail"] == "the mail address or the password is wrong"


async def test_an_unknown_account_costs_as_much_work_as_a_known_one(
    app: web.Application, client, ann, monkeypatch
) -> None:
    passwords = app[PASSWORDS]
    checked = []
    run = passwords._run

    async def counted(function, *arguments):
        checked.append(function.__name__)
        return await run(function, *arguments)

    monkeypatch.setattr(Passwords, "_run", lambda _, *arguments: counted(*arguments))
    await passwords.verify("x", None)
    checked.clear()

    for email in (EMAIL, "nobody@desk.example"):
        await client.post("/api/v1/session", json={"email": email, "password": "wrong"})

    assert checked == ["verify", "verify"]


async def test_a_deactivated_agent_cannot_log_in(client, runtime, ann) -> None:
    async with runtime.db.begin() as session:
        (await session.merge(ann)).active = False

    assert (await client.post("/api/v1/session", json=CREDENTIALS)).status == 401


async def test_guessing_gets_slower_even_with_the_right_password(client, ann) -> None:
    wrong = {"email": EMAIL, "password": "wrong"}
    statuses = [(await client.post("/api/v1/session", json=wrong)).status for _ in range(6)]

    assert statuses == [401] * 5 + [429]
    response = await client.post("/api/v1/session", json=CREDENTIALS)
    assert response.status == 429
    assert int(response.headers["Retry-After"]) >= 1


async def test_a_login_from_another_site_is_refused(client, ann) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}

    assert (await client.post("/api/v1/session", json=CREDENTIALS, headers=headers)).status == 403


async def test_a_login_ends_after_a_while_without_use(login, clock) -> None:
    agent = await login("agent")
    clock.advance(hours=11)
    assert (await agent.get("/api/v1/session")).status == 200

    clock.advance(hours=2)

    assert (await agent.get("/api/v1/session")).status == 401


async def test_use_keeps_a_login_alive_but_not_for_ever(app, login, clock) -> None:
    agent = await login("agent")
    for _ in range(3):
        clock.advance(hours=11)
        assert (await agent.get("/api/v1/session")).status == 200
        await app[AUTHENTICATOR].note_use()

    for _ in range(70):
        clock.advance(hours=11)
        await agent.get("/api/v1/session")
        await app[AUTHENTICATOR].note_use()

    assert (await agent.get("/api/v1/session")).status == 401


async def test_logging_out_ends_this_login_only(login) -> None:
    here = await login("agent")
    elsewhere = await login("agent")

    assert (await here.delete("/api/v1/session")).status == 204

    assert (await here.get("/api/v1/session")).status == 401
    assert (await elsewhere.get("/api/v1/session")).status == 200


async def test_logging_out_everywhere_ends_every_login(browsers, client, ann) -> None:
    other = await browsers.open()
    meant, _ = await log_in(client), await log_in(other)
    listed = await (await client.get("/api/v1/sessions")).json()
    assert sorted(row["current"] for row in listed) == [False, True]

    assert (await client.delete("/api/v1/sessions", headers=meant)).status == 204

    assert (await client.get("/api/v1/session")).status == 401
    assert (await other.get("/api/v1/session")).status == 401


async def test_a_new_password_ends_the_other_logins(browsers, client, ann) -> None:
    other = await browsers.open()
    meant, _ = await log_in(client), await log_in(other)

    async def change(current: str) -> int:
        body = {"current": current, "new": "battery staple"}
        return (await client.put("/api/v1/me/password", json=body, headers=meant)).status

    assert await change("wrong") == 422
    assert await change(PASSWORD) == 204

    assert (await client.get("/api/v1/session")).status == 200
    assert (await other.get("/api/v1/session")).status == 401
    assert (await other.post("/api/v1/session", json=CREDENTIALS)).status == 401
    new = {"email": EMAIL, "password": "battery staple"}
    assert (await other.post("/api/v1/session", json=new)).status == 201


async def test_an_admin_sets_a_password_for_somebody(login, client, ann) -> None:
    admin = await login("admin")
    address = f"/api/v1/agents/{ann.id}/password"

    assert (await admin.put(address, json={"new": "battery staple"})).status == 204

    new = {"email": EMAIL, "password": "battery staple"}
    assert (await client.post("/api/v1/session", json=new)).status == 201


async def test_a_token_is_shown_once_and_works_within_its_scopes(login, browsers, runtime) -> None:
    admin = await login("admin")
    body = {"name": "shop", "scopes": ["agents:read"]}

    created = await (await admin.post("/api/v1/tokens", json=body)).json()

    shop = await browsers.open(headers={"Authorization": f"Bearer {created['secret']}"})
    assert (await shop.get("/api/v1/agents")).status == 200
    assert (await shop.get("/api/v1/tokens")).status == 403
    assert (await shop.get("/api/v1/me")).status == 403
    listed = await (await admin.get("/api/v1/tokens")).text()
    assert created["secret"].rsplit("_", 1)[1] not in listed
    async with runtime.db.read() as session:
        stored = await session.scalar(select(ApiToken))
    assert stored.secret_hash not in created["secret"]


async def test_the_secret_of_one_token_does_not_open_another(login, browsers) -> None:
    admin = await login("admin")
    secrets = []
    for name in ("shop", "till"):
        body = {"name": name, "scopes": ["agents:read"]}
        created = await (await admin.post("/api/v1/tokens", json=body)).json()
        secrets.append(created["secret"])

    mixed = secrets[0].replace("cc_1_", "cc_2_")
    thief = await browsers.open(headers={"Authorization": f"Bearer {mixed}"})

    assert (await thief.get("/api/v1/agents")).status == 401


async def test_nobody_makes_a_token_that_may_do_more(token) -> None:
    maker = await token(Permission.TOKENS_ADMIN, Permission.AGENTS_READ)
    body = {"name": "shop", "scopes": ["agents:admin"]}

    assert (await maker.post("/api/v1/tokens", json=body)).status == 403


async def test_a_revoked_token_is_refused(login, token, clock) -> None:
    admin, shop = await login("admin"), await token(Permission.AGENTS_READ)
    assert (await shop.get("/api/v1/agents")).status == 200

    assert (await admin.delete("/api/v1/tokens/1")).status == 204
    clock.advance(seconds=6)

    assert (await shop.get("/api/v1/agents")).status == 401


async def test_an_expired_token_is_refused_to_the_second(login, browsers, clock) -> None:
    admin = await login("admin")
    body = {"name": "x", "scopes": ["agents:read"], "expires_at": "2026-03-02T12:00:02Z"}
    secret = (await (await admin.post("/api/v1/tokens", json=body)).json())["secret"]
    shop = await browsers.open(headers={"Authorization": f"Bearer {secret}"})
    assert (await shop.get("/api/v1/agents")).status == 200

    clock.advance(seconds=2)

    assert (await shop.get("/api/v1/agents")).status == 401


async def test_use_of_a_token_is_written_down_now_and_then(app, token, runtime, clock) -> None:
    shop = await token(Permission.AGENTS_READ)
    for _ in range(3):
        clock.advance(seconds=10)
        await shop.get("/api/v1/agents")

    async def used_at():
        async with runtime.db.read() as session:
            return await session.scalar(select(ApiToken.used_at))

    assert await used_at() is None
    await app[AUTHENTICATOR].note_use()
    assert await used_at() == clock.now
