from sqlalchemy import func, select

from contact_center.logins.models import LoginSession
from tests.contact_center.desk.conftest import PASSWORD


async def log_in(desk, email: str, password: str, **fields):
    return await desk.client.post(
        "/desk/login",
        data={"email": email, "password": password, **fields},
        allow_redirects=False,
    )


async def test_a_page_asks_who_is_there_and_comes_back_after_the_login(
    desk, password_hash: str
) -> None:
    login = await desk.hire("Ann", password_hash=password_hash)

    asked = await desk.client.get(
        "/desk/tickets/7?a=1", headers={"Accept": "text/html"}, allow_redirects=False
    )
    answer = await log_in(desk, login.agent.email, PASSWORD, next="/desk/tickets/7?a=1")

    assert asked.headers["Location"] == "/desk/login?next=%2Fdesk%2Ftickets%2F7%3Fa%3D1"
    assert (answer.status, answer.headers["Location"]) == (303, "/desk/tickets/7?a=1")
    assert "HttpOnly" in answer.headers["Set-Cookie"]


async def test_a_login_leads_nowhere_else(desk, password_hash: str) -> None:
    login = await desk.hire("Ann", password_hash=password_hash)

    for elsewhere in ("https://evil.example/desk/", "//evil.example", "/desk/\\evil"):
        answer = await log_in(desk, login.agent.email, PASSWORD, next=elsewhere)
        assert answer.headers["Location"] == "/desk/queues/unclaimed"


async def test_a_wrong_password_is_told_and_what_was_typed_stays(desk, password_hash: str) -> None:
    login = await desk.hire("Ann", password_hash=password_hash)

    answer = await log_in(desk, login.agent.email, "wrong")
    html = await answer.text()

    assert answer.status == 401
    assert "The email or the password is wrong." in html
    assert login.agent.email in html


async def test_the_door_speaks_chinese(desk) -> None:
    answer = await desk.client.get("/desk/login", headers={"Accept-Language": "zh-CN"})

    assert "登录客服工作台" in await answer.text()


async def test_a_login_from_another_site_is_refused(desk) -> None:
    answer = await desk.client.post(
        "/desk/login", data={"email": "a@b.c"}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status == 403


async def test_logging_out_ends_the_login(desk) -> None:
    ann = await desk.hire("Ann")

    answer = await desk.client.post(
        "/desk/logout",
        data={"csrf_token": ann.csrf},
        headers=ann.headers,
        allow_redirects=False,
    )

    assert answer.headers["Location"] == "/desk/login"
    async with desk.runtime.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(LoginSession)) == 0


async def test_language_and_presence_are_kept(desk) -> None:
    ann = await desk.hire("Ann")

    await desk.send("/desk/language", ann, language="zh")
    status, _ = await desk.send("/desk/presence", ann, presence="away")
    html = await desk.page("/desk/queues/mine", ann)

    assert status == 204
    assert "我的团队" in html
    assert '<option value="away" selected>离开' in html


async def test_a_profile_refuses_a_time_zone_nobody_knows(desk) -> None:
    ann = await desk.hire("Ann")

    status, html = await desk.send(
        "/desk/profile", ann, name="Ann", language="en", time_zone="Mars/Olympus"
    )

    assert status == 422
    assert "is not a time zone" in html


async def test_times_are_shown_in_the_agents_zone(desk) -> None:
    ann = await desk.hire("Ann", time_zone="Asia/Shanghai")
    await desk.arrive()  # at noon in UTC

    assert "20:00" in await desk.page("/desk/tickets/1", ann)


async def test_a_password_is_changed_only_by_who_knows_it(desk, password_hash: str) -> None:
    ann = await desk.hire("Ann", password_hash=password_hash)

    refused = await desk.send("/desk/password", ann, current="wrong", new="another long one")
    changed = await desk.send("/desk/password", ann, current=PASSWORD, new="another long one")

    assert refused[0] == 422
    assert "The current password is wrong." in refused[1]
    assert changed[0] == 200


async def test_the_bare_address_leads_to_the_desk(desk) -> None:
    answer = await desk.client.get("/", allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (303, "/desk")
