"""Which sites may embed the chat."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

Client = TestClient[web.Request, web.Application]
SHOP = {"Origin": "https://shop.example"}
STRANGER = {"Origin": "https://evil.example"}


async def test_a_listed_site_may_read_answers(client: Client) -> None:
    answer = await client.post("/chat/session", json={}, headers=SHOP)

    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Origin" in answer.headers["Vary"]


async def test_errors_can_be_read_too(client: Client) -> None:
    answer = await client.post("/chat/messages", json={}, headers=SHOP)

    assert answer.status == 401
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"


async def test_a_browser_asks_first(client: Client) -> None:
    answer = await client.options("/chat/messages", headers=SHOP)

    assert answer.status == 204
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"


async def test_a_strange_site_may_neither_read_nor_write(client: Client) -> None:
    answer = await client.post("/chat/session", json={}, headers=STRANGER)

    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_our_own_pages_need_not_be_listed(client: Client) -> None:
    own = {"Origin": str(client.make_url("")).rstrip("/")}

    assert (await client.post("/chat/session", json={}, headers=own)).status == 200


async def test_no_cookie_is_ever_set_or_allowed(client: Client) -> None:
    answer = await client.post("/chat/session", json={}, headers=SHOP)

    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_other_pages_stay_closed_to_other_sites(client: Client) -> None:
    answer = await client.get("/shop", headers=SHOP)

    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_widget_may_be_loaded_by_any_site(client: Client) -> None:
    answer = await client.get("/chat/widget.js")

    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.content_type == "text/javascript"
    assert answer.headers["Content-Encoding"] == "gzip"


async def test_an_unchanged_widget_is_not_sent_again(client: Client) -> None:
    tag = (await client.get("/chat/widget.js")).headers["ETag"]

    answer = await client.get("/chat/widget.js", headers={"If-None-Match": tag})

    assert answer.status == 304


async def test_a_browser_that_cannot_unpack_gets_it_plain(client: Client) -> None:
    answer = await client.get("/chat/widget.js", headers={"Accept-Encoding": "identity"})

    assert "Content-Encoding" not in answer.headers
    assert "ContactCenterChat" in await answer.text()


@pytest.mark.parametrize("path", ["/shop", "/shop/shop.css", "/shop/shop.js"])
async def test_the_demo_shop_is_served(client: Client, path: str) -> None:
    answer: Any = await client.get(path)

    assert answer.status == 200
