import io

import pytest
from sqlalchemy import update

from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.tickets.models import Priority, Status
from contact_center.web.permissions import Permission
from tests.support.factories import customer_says, make_team, make_ticket

TICKETS = "/api/v1/tickets"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


@pytest.fixture
async def ticket(db, clock):
    async with db.begin() as session:
        ticket = await make_ticket(session, now=clock())
        await customer_says(session, ticket, "Where is my parcel?", now=clock())
    return ticket


def path(ticket, rest="") -> str:
    return f"{TICKETS}/{ticket.id}{rest}"


async def ids(client, **query) -> tuple[list[int], str | None]:
    response = await client.get(TICKETS, params=query)
    assert response.status == 200, await response.text()
    page = await response.json()
    return [line["id"] for line in page["items"]], page["next"]


# Queues


async def test_queues_come_most_urgent_first_in_pages(login, db, clock) -> None:
    li = await login()
    async with db.begin() as session:
        low, high, normal = [
            (await make_ticket(session, now=clock(), priority=priority)).id
            for priority in (Priority.LOW, Priority.HIGH, Priority.NORMAL)
        ]
        await make_ticket(session, now=clock(), status=Status.CLOSED)

    first, after = await ids(li, queue="unclaimed", limit=2)
    rest, end = await ids(li, queue="unclaimed", limit=2, after=after)

    assert (first, rest, end) == ([high, normal], [low], None)
    assert await ids(li) == ([high, normal, low], None)


async def test_my_queue_holds_what_i_work_on_and_what_i_answer_for(login, ticket) -> None:
    li, wang = await login(), await login()
    await li.put(path(ticket, "/claim"))
    transfer = {"reason": "skill", "agent_id": wang.agent.id}
    asked = await (await li.post(path(ticket, "/transfers"), json=transfer)).json()
    await wang.put(f"/api/v1/handovers/{asked['handover']['id']}/acceptance")

    assert await ids(li, queue="mine") == await ids(wang, queue="mine") == ([ticket.id], None)
    assert await ids(await login(), queue="mine") == ([], None)


async def test_a_team_queue_is_ones_own_or_named(login, token, db, clock) -> None:
    admin, shop = await login("admin"), await token(Permission.TICKETS_READ)
    async with db.begin() as session:
        team = await make_team(session, now=clock())
        theirs = await make_ticket(session, now=clock(), team_id=team.id)
        await make_ticket(session, now=clock())

    assert await ids(admin, queue="team") == ([], None)
    await admin.put(f"/api/v1/teams/{team.id}/members/{admin.agent.id}")
    assert await ids(admin, queue="team") == ([theirs.id], None)
    assert await ids(shop, queue="team", team_id=team.id) == ([theirs.id], None)
    for query in ("queue=team", "queue=mine"):
        assert (await shop.get(f"{TICKETS}?{query}")).status == 403


@pytest.mark.parametrize(
    "query",
    [
        "queue=nowhere",
        "limit=0",
        "limit=201",
        "after=garbage",
        "after=WyJ4IiwxXQ",  # ["x",1]
        "after=WyIyMDI2LTAxLTAxIiwxXQ",  # a day without a zone
        "after=WzFd",
        "query=",
        "query=%21%21",
        "query=a&queue=mine",
        "team_id=1",
        f"query={'x' * 201}",
        "query=a&after=WyJ4Il0",
    ],
)
async def test_a_list_that_cannot_be_is_refused(login, query) -> None:
    response = await (await login()).get(f"{TICKETS}?{query}")

    assert response.status == 422, await response.text()


# Search


async def test_a_search_finds_each_ticket_once_by_what_was_said_last(login, db, clock) -> None:
    li = await login()
    async with db.begin() as session:
        one, two, three = [await make_ticket(session, now=clock()) for _ in range(3)]
        for ticket in (one, two, three, one, two, two):
            await customer_says(session, ticket, "快递还没有收到 parcel", now=clock())
        three.status = Status.CLOSED

    for query in ("parcels", "快递", "parcel 收到"):
        first, after = await ids(li, query=query, limit=1)
        second, after = await ids(li, query=query, limit=1, after=after)
        third, end = await ids(li, query=query, limit=1, after=after)
        assert (first, second, third, end) == ([two.id], [one.id], [three.id], None)
    assert await ids(li, query="退款") == ([], None)


async def test_a_reference_finds_its_ticket(login, ticket) -> None:
    li = await login()

    assert await ids(li, query="t-000001") == ([ticket.id], None)
    assert await ids(li, query="T-000099") == ([], None)


# Talking


async def test_what_was_said_comes_oldest_first_in_pages(login, ticket) -> None:
    li = await login(name="Li")
    await li.post(path(ticket, "/replies"), json={"text": "On its way"})
    await li.post(path(ticket, "/notes"), json={"text": "Again the same depot"})

    first = await (await li.get(path(ticket, "/messages"), params={"limit": 2})).json()
    after = {"after": first["next"]}
    rest = await (await li.get(path(ticket, "/messages"), params=after)).json()

    said = [*first["items"], *rest["items"]]
    assert [(m["direction"], m["author"], m["text"]) for m in said] == [
        ("in", "customer", "Where is my parcel?"),
        ("out", "agent", "On its way"),
        ("note", "agent", "Again the same depot"),
    ]
    assert [m["delivery"] for m in said] == [None, "pending", None]
    assert said[1]["agent"] == {"id": li.agent.id, "name": "Li"}
    assert rest["next"] is None


async def test_a_reply_that_is_repeated_by_its_key_leaves_once(login, ticket) -> None:
    li = await login()
    send = {"json": {"text": "On its way"}, "headers": {"Idempotency-Key": "a"}}

    first = await li.post(path(ticket, "/replies"), **send)
    again = await li.post(path(ticket, "/replies"), **send)

    assert await first.json() == await again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len((await (await li.get(path(ticket, "/messages"))).json())["items"]) == 2


@pytest.mark.parametrize("text", ["", "  ", "a\x00b", "x" * 150_001])
async def test_an_answer_that_says_nothing_or_too_much_is_refused(login, ticket, text) -> None:
    li = await login()

    assert (await li.post(path(ticket, "/replies"), json={"text": text})).status == 422


async def test_a_resolution_answers_first_and_both_happen_or_neither(login, ticket) -> None:
    li = await login()
    bare = await li.put(path(ticket, "/resolution"), json={"code": "solved"})
    assert bare.status == 409

    response = await li.put(
        path(ticket, "/resolution"), json={"code": "solved", "text": "It is here"}
    )

    assert (await response.json())["status"] == "resolved"
    again = await li.put(path(ticket, "/resolution"), json={"code": "solved", "text": "Twice"})
    assert again.status == 409
    said = (await (await li.get(path(ticket, "/messages"))).json())["items"]
    assert [m["text"] for m in said] == ["Where is my parcel?", "It is here"]


async def test_a_read_mark_belongs_to_its_ticket(login, ticket, db, clock) -> None:
    li = await login()
    async with db.begin() as session:
        other = await make_ticket(session, now=clock())
        strange = await customer_says(session, other, now=clock())

    assert (await li.put(path(ticket, "/read-mark"), json={"message_id": 1})).status == 204
    mark = await li.put(path(ticket, "/read-mark"), json={"message_id": strange})
    assert mark.status == 404


# Files


async def upload(client, content=PNG, **query):
    return await client.post(
        "/api/v1/uploads",
        params={"name": "photo.png", **query},
        data=io.BytesIO(content),
        headers={"Content-Type": "image/png"},
    )


async def test_a_file_is_sent_ahead_carried_by_a_reply_and_downloaded(login, ticket) -> None:
    li = await login()
    sent = await upload(li, name='../../we"ird\r\n图.png')
    assert sent.status == 201, await sent.text()

    reply = await li.post(path(ticket, "/replies"), json={"uploads": [(await sent.json())["id"]]})

    [file] = (await reply.json())["attachments"]
    assert (file["name"], file["size"]) == ('we"ird图.png', len(PNG))
    response = await li.get(f"/api/v1/attachments/{file['id']}")
    assert await response.read() == PNG
    assert response.content_type == "application/octet-stream"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''we%22ird%E5%9B%BE.png"
    )


async def test_an_upload_is_ones_own_and_carried_once(login, ticket) -> None:
    li, wang = await login(), await login()
    number = (await (await upload(li)).json())["id"]
    words = {"text": "See", "uploads": [number]}

    assert (await wang.post(path(ticket, "/notes"), json=words)).status == 404
    assert (await li.post(path(ticket, "/notes"), json=words)).status == 201
    assert (await li.post(path(ticket, "/notes"), json=words)).status == 404


async def test_a_message_that_is_refused_leaves_the_upload_for_another(login, ticket) -> None:
    li = await login()
    number = (await (await upload(li)).json())["id"]
    stale = {"text": "Done", "code": "solved", "uploads": [number, 99]}
    assert (await li.put(path(ticket, "/resolution"), json=stale)).status == 404

    assert (await li.post(path(ticket, "/notes"), json={"uploads": [number]})).status == 201


async def test_what_is_too_large_or_no_file_at_all_is_refused(login, runtime) -> None:
    li = await login()
    limit = runtime.settings.attachments.max_bytes

    assert (await upload(li, b"x" * (limit + 1))).status == 413
    assert (await upload(li, b"")).status == 400
    assert (await upload(li, content_type="application/x-msdownload")).status == 422
    assert (await upload(li, content_type="image/png\r\nX: y")).status == 422
    assert (await upload(li, name="x" * 201)).status == 422


# What leaves


async def test_what_was_given_up_on_is_listed_and_tried_again(login, ticket, db) -> None:
    li, lead = await login(), await login("lead")
    await li.post(path(ticket, "/replies"), json={"text": "On its way"})
    async with db.begin() as session:
        await session.execute(update(Delivery).values(status=DeliveryStatus.DEAD))
    assert (await li.get("/api/v1/deliveries/dead")).status == 403

    page = await (await lead.get("/api/v1/deliveries/dead")).json()
    [dead] = page["items"]
    assert (dead["kind"], dead["ticket_id"]) == ("reply", ticket.id)
    assert "payload" not in dead
    counted = await (await lead.get("/api/v1/deliveries")).json()
    assert counted == {"pending": 0, "leased": 0, "dead": 1}
    retries = f"/api/v1/deliveries/{dead['id']}/retries"
    retried = await lead.post(retries)
    assert (retried.status, (await retried.json())["status"]) == (202, "pending")
    assert (await lead.post(retries)).status == 409
    happened = (await (await lead.get(path(ticket, "/events"))).json())["items"]
    assert happened[-1]["kind"] == "delivery.retried"
