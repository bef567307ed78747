"""How a browser becomes a visitor, and what it cannot pretend to be."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st

from bots.webchat.seals import Seal
from contact_center.errors import Unauthenticated
from tests.bots.webchat.conftest import IDENTITY_SECRET, Visitor
from tests.bots.webchat.desk import Inbox
from tests.support.fakes import FakeClock

Client = TestClient[web.Request, web.Application]


def identity(clock: FakeClock, secret: str = IDENTITY_SECRET, **facts: Any) -> str:
    """As a host site makes it; docs/webchat.md shows the same."""
    known: dict[str, Any] = {"user_id": "42", "name": "Li Na", "email": "li@shop.example"}
    known["exp"] = clock().timestamp() + 3600
    payload = base64.urlsafe_b64encode(json.dumps(known | facts).encode()).rstrip(b"=")
    mac = hmac.digest(secret.encode(), payload, hashlib.sha256)
    return f"{payload.decode()}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


async def test_a_browser_without_a_token_becomes_a_new_visitor(client: Client) -> None:
    one, two = await Visitor(client).open(), await Visitor(client).open()

    assert one.id != two.id
    assert len(one.id) == 32
    assert one.session["verified"] is False
    assert "Tea & Co" in one.session["greeting"]["text"]


async def test_a_browser_that_comes_back_is_known(client: Client, visitor: Visitor) -> None:
    again = await Visitor(client).open(token=visitor.session["token"])

    assert again.id == visitor.id


async def test_a_known_browser_stays_known_as_long_as_it_keeps_coming(
    client: Client, visitor: Visitor, clock: FakeClock
) -> None:
    first = visitor.id
    for _ in range(3):
        clock.advance(days=170)
        await visitor.open(token=visitor.session["token"])

    assert visitor.id == first


@pytest.mark.parametrize("spoil", [lambda t: t[:-3] + "abc", lambda t: "v1.e30.x", lambda t: "…"])
async def test_a_forged_token_makes_a_new_visitor(
    client: Client, visitor: Visitor, spoil: Any
) -> None:
    other = await Visitor(client).open(token=spoil(visitor.session["token"]))

    assert other.id != visitor.id


async def test_a_token_of_another_purpose_is_refused(visitor: Visitor) -> None:
    forged = Seal(b"only for tests", purpose="webchat.upload").sign({"id": "x", "exp": 9e12})

    answer = await visitor.client.post(
        "/chat/messages", json={}, headers={"Authorization": f"Bearer {forged}"}
    )

    assert answer.status == 401
    assert (await answer.json())["status"] == 401


async def test_an_old_token_no_longer_writes(visitor: Visitor, clock: FakeClock) -> None:
    clock.advance(days=181)

    assert (await visitor.post("typing")).status == 401


async def test_the_host_site_vouches_for_its_customer(
    client: Client, clock: FakeClock, inbox: Inbox
) -> None:
    visitor = await Visitor(client).open(identity=identity(clock))
    await visitor.writes("where is my parcel")

    sender = inbox.received[0].sender
    assert visitor.session["verified"] is True
    assert (sender.address, sender.name, sender.email) == ("user:42", "Li Na", "li@shop.example")
    assert sender.verified


async def test_a_customer_has_one_conversation_on_all_devices(
    client: Client, clock: FakeClock
) -> None:
    phone = await Visitor(client).open(identity=identity(clock))
    desk = await Visitor(client).open(identity=identity(clock, user_id=42))

    assert phone.id == desk.id == "user:42"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"secret": "guessed"}, 401),
        ({"exp": 0}, 401),
        ({"exp": "soon"}, 422),
        ({"user_id": ""}, 422),
        ({"user_id": "a b"}, 422),
        ({"name": "x" * 500}, 422),
        ({"email": "not an address"}, 422),
    ],
)
async def test_a_wrong_identity_is_refused(
    client: Client, clock: FakeClock, changed: dict[str, Any], status: int
) -> None:
    answer = await client.post("/chat/session", json={"identity": identity(clock, **changed)})

    assert answer.status == status


async def test_a_page_left_open_outlives_the_identity_in_it(
    client: Client, clock: FakeClock
) -> None:
    token = identity(clock)
    visitor = await Visitor(client).open(identity=token)
    clock.advance(hours=3)

    again = await Visitor(client).open(identity=token, token=visitor.session["token"])

    assert again.id == "user:42"


async def test_an_expired_identity_does_not_borrow_another_customers_session(
    client: Client, clock: FakeClock
) -> None:
    other = await Visitor(client).open(identity=identity(clock, user_id="7"))
    old = identity(clock, exp=clock().timestamp() - 600)

    body = {"identity": old, "token": other.session["token"]}

    assert (await client.post("/chat/session", json=body)).status == 401


async def test_a_customers_session_ends_after_a_day(client: Client, clock: FakeClock) -> None:
    visitor = await Visitor(client).open(identity=identity(clock))
    clock.advance(hours=20)
    renewed = await Visitor(client).open(token=visitor.session["token"])
    clock.advance(hours=5)

    assert (await renewed.post("typing")).status == 401


@pytest.mark.parametrize(
    ("wanted", "language"),
    [(None, "en"), ("zh-CN", "zh"), ("ZH", "zh"), ("de", "en"), ("en-GB", "en")],
)
async def test_the_window_is_told_its_language(
    client: Client, wanted: str | None, language: str
) -> None:
    assert (await Visitor(client).open(language=wanted)).session["language"] == language


async def test_the_page_a_conversation_began_on_goes_with_it(client: Client, inbox: Inbox) -> None:
    visitor = await Visitor(client).open(page="https://shop.example/tea?cup=1")
    await visitor.writes("where is my parcel")

    assert inbox.received[0].facts == {"page": "https://shop.example/tea?cup=1"}


async def test_one_network_cannot_open_sessions_without_end(client: Client) -> None:
    statuses = [(await client.post("/chat/session", json={})).status for _ in range(70)]

    assert statuses[-1] == 429
    assert statuses[:50] == [200] * 50


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret_key is empty"):
        Seal(b"", purpose="any")


@given(st.text())
def test_no_text_is_a_token_by_chance(text: str) -> None:
    with pytest.raises(Unauthenticated):
        Seal(b"secret", purpose="any").open(text, now=0)


@given(st.dictionaries(st.text(), st.integers() | st.text()))
def test_what_was_signed_comes_back_unchanged(facts: dict[str, Any]) -> None:
    facts["exp"] = 10
    seal = Seal(b"secret", purpose="any")

    assert seal.open(seal.sign(facts), now=9) == facts
