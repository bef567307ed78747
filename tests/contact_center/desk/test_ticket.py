import io
import re
from contextlib import ExitStack
from datetime import timedelta
from itertools import zip_longest

import aiohttp
import pytest
from sqlalchemy import update

from contact_center.agents.models import Role
from contact_center.deliveries.queries import DELIVERIES
from contact_center.events.rules import agent as agent_actor
from contact_center.knowledge.actions import add_canned_reply
from contact_center.messages import queries as messages
from contact_center.tickets import queries as tickets
from contact_center.tickets.models import Status
from contact_center.web.limits import LIMITS
from tests.support.factories import make_team

HOSTILE = "<script>alert('x')</script>"


async def ticket_of(desk, ticket_id: int):
    async with desk.runtime.db.read() as session:
        return await tickets.get_ticket(session, ticket_id)


async def say(
    desk, login, ticket_id: int, text: str, files=(), kinds=(), **fields: str
) -> tuple[int, str]:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in {"text": text, "mode": "reply", "after": "0", **fields}.items():
        form.add_field(name, value)
    for (name, content), kind in zip_longest(files, kinds, fillvalue="text/html"):
        kind = kind or "application/octet-stream"
        form.add_field("files", io.BytesIO(content), filename=name, content_type=kind)
    answer = await desk.client.post(f"/desk/tickets/{ticket_id}/say", data=form, headers=login.htmx)
    return answer.status, await answer.text()


async def test_a_ticket_shows_who_owns_it_and_who_works_on_it(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob")
    receipt = await desk.arrive(name="Carla")
    await desk.claim(receipt.ticket_id, ann)
    number = receipt.ticket_id
    await desk.send(
        f"/desk/tickets/{number}/transfer", ann, to=f"agent:{bob.agent.id}", reason="skill"
    )
    asked = await desk.page(f"/desk/tickets/{number}", bob)
    await desk.send(f"/desk/handovers/1/accept?ticket={number}", bob)

    html = await desk.page(f"/desk/tickets/{number}", bob)

    owner, assignee = re.findall(r'<dd class="person">(.*?)</dd>', html)
    assert (owner, assignee) == ("Ann", "Bob")
    assert "Bob is asked to take it over, until" in asked
    assert "Ann asked Bob to take over: Needs another skill" in html
    assert "Ann transferred it to Bob: Needs another skill" in html
    assert "Bob accepted it" in html


async def test_nothing_anybody_wrote_is_markup(desk) -> None:
    ann = await desk.hire(HOSTILE)
    receipt = await desk.arrive(
        HOSTILE,
        subject=HOSTILE,
        name=HOSTILE,
        address=HOSTILE,
        tags=[HOSTILE],
        category=HOSTILE,
        facts={HOSTILE: HOSTILE},
        original=f"{HOSTILE} as it came",
    )
    await say(desk, ann, receipt.ticket_id, HOSTILE, files=[(f"{HOSTILE}.html", b"x")])
    async with desk.runtime.db.begin() as session:
        await session.execute(
            update(DELIVERIES).values(status="dead", last_error=HOSTILE, attempts=3)
        )
        await add_canned_reply(
            session,
            values={"shortcut": "x", "title": HOSTILE, "text": "Dear {customer}"},
            by=agent_actor(ann.agent.id),
            now=desk.runtime.now(),
        )
    lead = await desk.hire("Lee", Role.ADMIN)

    for path in (
        f"/desk/tickets/{receipt.ticket_id}",
        f"/desk/tickets/{receipt.ticket_id}/canned",
        "/desk/undelivered",
        "/desk/admin/agents",
        "/desk/admin/replies",
        "/desk/search?q=alert",
    ):
        html = await desk.page(path, lead)
        assert "<script>alert" not in html, path
        assert "&lt;script&gt;alert" in html, path


async def test_links_in_messages_open_elsewhere_and_tell_nothing(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive('See https://example.com/?a="b and javascript:alert(1)')

    html = await desk.page("/desk/tickets/1", ann)

    assert 'href="https://example.com/?a=' in html
    assert "noopener" in html
    assert 'href="javascript:' not in html


async def test_an_answer_claims_the_ticket_and_is_on_its_way(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    status, html = await say(desk, ann, 1, "We are looking into it.")
    ticket = await ticket_of(desk, 1)

    assert status == 200
    assert "We are looking into it." in html
    assert "sending" in html
    assert (ticket.status, ticket.owner_id) == (Status.OPEN, ann.agent.id)


async def test_an_answer_can_resolve_or_wait(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    await desk.arrive()

    await say(desk, ann, 1, "Done", then="resolve", code="answered")
    await say(desk, ann, 2, "Which order?", then="wait")

    assert (await ticket_of(desk, 1)).status is Status.RESOLVED
    assert (await ticket_of(desk, 2)).status is Status.WAITING_CUSTOMER


async def test_a_note_stays_on_the_desk(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    status, html = await say(desk, ann, 1, "Be nice to them", mode="note", then="resolve")

    assert status == 200
    assert "note, not sent to the customer" in html
    assert (await ticket_of(desk, 1)).status is Status.QUEUED


async def test_an_empty_answer_is_refused_where_it_was_written(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    status, html = await say(desk, ann, 1, "  ")

    assert status == 422
    assert html.strip() == '<p class="alert" role="alert">The answer is empty.</p>'


async def test_files_travel_with_an_answer_and_never_run_as_our_page(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    await say(desk, ann, 1, "here", files=[("evil.html", HOSTILE.encode())])
    html = await desk.page("/desk/tickets/1", ann)
    path = re.search(r'href="(/desk/files/\d+)"', html)[1]
    answer = await desk.client.get(path, headers=ann.headers)

    assert "evil.html" in html
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert await answer.read() == HOSTILE.encode()


async def test_a_file_that_is_too_large_is_refused_and_not_kept(desk, tmp_path) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    status, html = await say(desk, ann, 1, "x", files=[("big", b"0" * (10 * 1024 * 1024 + 1))])

    assert status == 413
    assert "larger than 10 MB" in html
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


async def test_files_arrive_at_the_desk_in_the_places_of_the_api(desk, tmp_path) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    with ExitStack() as taken:
        for _ in range(8):
            taken.enter_context(desk.client.app[LIMITS].uploads.take(f"agent:{ann.agent.id}"))
        status, html = await say(desk, ann, 1, "x", files=[("a.txt", b"0")])
        assert (status, "at most 8 at once" in html.lower()) == (429, True)
        assert (await say(desk, ann, 1, "no file waits for a place"))[0] == 200
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []

    assert (await say(desk, ann, 1, "y", files=[("a.txt", b"0")]))[0] == 200


async def test_a_file_of_a_kind_that_is_not_accepted_is_refused(desk, tmp_path) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    status, html = await say(
        desk, ann, 1, "x", files=[("a.html", b"0"), ("a.exe", b"MZ")], kinds=("text/html", "")
    )

    assert status == 422
    assert "not accepted" in html
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


async def test_files_of_a_refused_answer_are_not_kept(desk, tmp_path) -> None:
    ann = await desk.hire("Ann", role=Role.LEAD)
    await desk.arrive()
    await desk.send("/desk/tickets/1/cancel", ann, reason="spam")

    status, _ = await say(desk, ann, 1, "x", files=[("a", b"0")])

    assert status == 409
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


async def test_who_comes_second_is_told_who_was_first(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob", language="zh")
    await desk.arrive()
    await desk.send("/desk/tickets/1/claim", ann)

    status, html = await desk.send("/desk/tickets/1/claim", bob)

    assert status == 409
    assert "T-000001 已由 Ann 处理。" in html


async def test_a_dead_letter_says_why_and_can_be_tried_again(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    await say(desk, ann, 1, "hello")
    async with desk.runtime.db.begin() as session:
        await session.execute(update(DELIVERIES).values(status="dead", last_error="no such user"))

    html = await desk.page("/desk/tickets/1", ann)
    path = re.search(r'hx-post="(/desk/deliveries/\d+/retry[^"]*)"', html)[1]
    status, news = await desk.send(path, ann)

    assert "The customer did not get this: no such user" in html
    assert status == 200
    assert "sending" in news


@pytest.mark.parametrize(
    ("step", "fields", "expected"),
    [
        ("release", {}, Status.QUEUED),
        (
            "wait",
            {"status": "waiting_third_party", "until": "2026-03-09T10:00", "reason": "x"},
            Status.WAITING_THIRD_PARTY,
        ),
        ("wait", {"status": "on_hold", "until": "2026-03-09T10:00", "reason": "x"}, Status.ON_HOLD),
        ("cancel", {"reason": "spam"}, Status.CANCELLED),
    ],
)
async def test_steps_of_a_claimed_ticket(desk, step, fields, expected) -> None:
    ann = await desk.hire("Ann", role=Role.LEAD)
    await desk.arrive()
    await desk.claim(1, ann)

    status, html = await desk.send(f"/desk/tickets/1/{step}", ann, **fields)

    assert status == 200, html
    assert (await ticket_of(desk, 1)).status is expected
    assert 'hx-target="#head"' in html


async def test_who_waits_for_a_department_is_offered_a_work_order(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    await desk.claim(1, ann)

    page = await desk.page("/desk/tickets/1", ann)
    status, why = await desk.send("/desk/tickets/1/wait", ann, status="waiting_department")

    assert '<option value="waiting_department"' not in page
    assert 'data-open="work-order">Ask a team for work' in page
    assert (status, (await ticket_of(desk, 1)).status) == (409, Status.OPEN)
    assert "work order" in why


async def test_a_date_is_meant_in_the_agents_zone(desk) -> None:
    ann = await desk.hire("Ann", time_zone="Asia/Shanghai")
    await desk.arrive()
    await desk.claim(1, ann)

    await desk.send(
        "/desk/tickets/1/wait", ann, status="on_hold", until="2026-03-09T10:00", reason="Parts"
    )

    assert (await ticket_of(desk, 1)).review_at.isoformat() == "2026-03-09T02:00:00+00:00"


@pytest.mark.parametrize(
    ("zone", "until"),
    [
        ("Asia/Shanghai", "0001-01-01T00:00"),
        ("America/New_York", "9999-12-31T23:59"),
        ("UTC", "0001-01-01T00:00+23:00"),
        ("UTC", "tomorrow"),
    ],
)
async def test_a_date_that_cannot_be_is_refused(desk, zone, until) -> None:
    ann = await desk.hire("Ann", time_zone=zone)
    await desk.arrive()
    await desk.claim(1, ann)

    status, _ = await desk.send("/desk/tickets/1/wait", ann, status="on_hold", until=until)

    assert status == 422


async def test_resolve_and_reopen(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    await say(desk, ann, 1, "hello")

    await desk.send("/desk/tickets/1/resolve", ann, code="solved")
    assert (await ticket_of(desk, 1)).status is Status.RESOLVED
    await desk.send("/desk/tickets/1/reopen", ann, reason="")

    assert (await ticket_of(desk, 1)).status is Status.OPEN


async def test_a_ticket_goes_to_a_team(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    await desk.claim(1, ann)
    async with desk.runtime.db.begin() as session:
        team = await make_team(session, now=desk.runtime.now(), name="Billing")

    _, html = await desk.send(
        "/desk/tickets/1/transfer", ann, to=f"team:{team.id}", reason="wrong_category"
    )

    assert "Ann transferred it to Billing: Wrong category" in html
    assert (await ticket_of(desk, 1)).status is Status.QUEUED


async def test_only_leads_assign(desk) -> None:
    ann, lead = await desk.hire("Ann"), await desk.hire("Lee", Role.LEAD)
    await desk.arrive()

    refused, html = await desk.send("/desk/tickets/1/assign", ann, to=str(ann.agent.id))
    status, _ = await desk.send("/desk/tickets/1/assign", lead, to=str(ann.agent.id))

    assert refused == 403
    assert "You may not do this" in html
    assert status == 200
    assert (await ticket_of(desk, 1)).assignee_id == ann.agent.id


async def test_edit_refuses_what_somebody_has_changed_meanwhile(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()
    fields = {"kind": "complaint", "priority": "high", "subject": "Late", "tags": "a, b"}

    done, _ = await desk.send("/desk/tickets/1/edit", ann, version="1", **fields)
    stale, html = await desk.send("/desk/tickets/1/edit", ann, version="1", **fields)
    ticket = await ticket_of(desk, 1)

    assert (done, stale) == (200, 412)
    assert "has changed since version 1" in html
    assert (ticket.subject, ticket.priority.value, ticket.tags) == ("Late", "high", ["a", "b"])


async def test_tickets_are_linked_split_and_merged(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive("one", address="c", thread="t1")
    await desk.arrive("two", address="c", thread="t1")
    await desk.arrive("three", address="c", thread="t2")
    async with desk.runtime.db.read() as session:
        said = await messages.ticket_messages(session, 1)

    linked, html = await desk.send("/desk/tickets/1/link", ann, other="T-2", kind="related")
    assert linked == 200
    assert "T-000002" in html
    answer = await desk.client.post(
        "/desk/tickets/1/split",
        data={"messages": str(said[1].id), "subject": "Another"},
        headers=ann.htmx,
    )
    assert answer.headers["HX-Redirect"] == "/desk/tickets/3"
    answer = await desk.client.post(
        "/desk/tickets/3/merge", data={"other": "T-000001"}, headers=ann.htmx
    )
    assert answer.headers["HX-Redirect"] == "/desk/tickets/1"
    assert "Merged into" in await desk.page("/desk/tickets/3", ann)


async def test_a_form_that_is_not_filled_in_names_its_fields(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    status, html = await desk.send("/desk/tickets/1/resolve", ann, code="")

    assert status == 422
    assert "Please check: resolution." in html


async def test_a_change_without_its_token_is_refused(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive()

    for path in ("claim", "say", "seen?message=1", "typing"):
        answer = await desk.client.post(f"/desk/tickets/1/{path}", headers=ann.headers)
        assert answer.status == 403, path
    assert (await ticket_of(desk, 1)).status is Status.QUEUED


async def test_canned_replies_are_filled_in_for_the_ticket(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive(name="Carla & Co")
    async with desk.runtime.db.begin() as session:
        text = "Dear {customer}, {agent} looks after {reference}. {else}"
        await add_canned_reply(
            session,
            values={"shortcut": "hello", "title": "Hello", "text": text, "language": "en"},
            by=agent_actor(ann.agent.id),
            now=desk.runtime.now(),
        )

    html = await desk.page("/desk/tickets/1/canned", ann)

    filled = "Dear Carla &amp; Co, Ann looks after T-000001. {else}"
    assert f'data-text="{filled}"' in html


async def test_what_was_seen_is_no_longer_unread(desk) -> None:
    ann = await desk.hire("Ann")
    receipt = await desk.arrive()
    assert "1 unread" in await desk.page("/desk/queues/all", ann)

    await desk.send(f"/desk/tickets/1/seen?message={receipt.message_id}", ann)

    assert "unread" not in (await desk.page("/desk/queues/all", ann)).split('id="rows"')[1]


async def test_a_long_conversation_begins_with_its_end(desk, clock) -> None:
    ann = await desk.hire("Ann")
    for number in range(70):
        await desk.arrive(f"message {number}", address="c")

    html = await desk.page("/desk/tickets/1", ann)
    path = re.search(r'hx-get="(/desk/tickets/1/earlier[^"]*)"', html)[1]
    before = await desk.page(path, ann)

    assert "message 69" in html
    assert "message 9<" not in html
    assert "message 9<" in before
    assert "earlier?before" not in before


async def test_a_clock_that_was_missed_says_by_how_much(desk, clock) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive(priority="urgent")
    clock.now += timedelta(minutes=90)

    assert "30m late" in await desk.page("/desk/tickets/1", ann)
    await say(desk, ann, 1, "sorry")

    assert "30m late" in await desk.page("/desk/tickets/1", ann)


async def test_a_ticket_that_is_not_there_is_explained_on_a_page(desk) -> None:
    ann = await desk.hire("Ann", language="zh")

    answer = await desk.client.get("/desk/tickets/99", headers=ann.headers)

    assert answer.status == 404
    assert "没有工单 T-000099。" in await answer.text()


async def test_what_a_colleague_works_on_is_theirs_to_change(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob", language="zh")
    await desk.arrive()
    await desk.claim(1, ann)

    status, html = await desk.send("/desk/tickets/1/release", bob)

    assert status == 403
    assert "T-000001 由其他同事负责" in html
    assert (await ticket_of(desk, 1)).status is Status.OPEN


async def test_an_answer_that_also_resolves_is_for_those_whose_ticket_it_is(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob")
    await desk.arrive()
    await desk.claim(1, ann)

    status, _ = await say(desk, bob, 1, "Done.", then="resolve")

    assert status == 403
    assert (await ticket_of(desk, 1)).message_count == 1


async def test_a_visitors_key_is_not_read_as_a_name(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive("by mail", channel="email", address="carla@example.com")
    await desk.arrive("in the chat", channel="webchat", address="8594b610b200330f")

    assert "<dd>carla@example.com" in await desk.page("/desk/tickets/1", ann)
    page = await desk.page("/desk/tickets/2", ann)
    assert '<span title="8594b610b200330f">a visitor who is not logged in</span>' in page
