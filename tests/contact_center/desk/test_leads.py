import re

import pytest
from sqlalchemy import event, update

from contact_center.agents.models import Role
from contact_center.deliveries.queries import DELIVERIES
from contact_center.events.rules import agent
from contact_center.messages.actions import reply

LEAD_PAGES = (
    "/desk/undelivered",
    "/desk/quarantine",
    "/desk/supervision",
    "/desk/complaints",
    "/desk/figures",
    "/desk/admin/replies",
)
EVERYBODYS = {"/desk/calendars", "/desk/corrective-actions", "/desk/work-orders", "/desk/promises"}
ADMIN_PAGES = ("/desk/admin/agents", "/desk/admin/tokens", "/desk/admin/webhooks")


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.AGENT, ()),
        (Role.LEAD, LEAD_PAGES),
        (Role.MANAGER, (*LEAD_PAGES, "/desk/admin/teams")),
        (Role.ADMIN, (*LEAD_PAGES, "/desk/admin/teams", *ADMIN_PAGES)),
    ],
)
async def test_everybody_sees_the_pages_of_their_role(desk, role, allowed) -> None:
    login = await desk.hire("Ann", role)

    for path in (*LEAD_PAGES, "/desk/admin/teams", *ADMIN_PAGES):
        answer = await desk.client.get(path, headers=login.headers)
        assert answer.status == (200 if path in allowed else 403), path
    menu = await desk.page("/desk/queues/all", login)
    linked = set(re.findall(r'<li><a href="(/desk/[^"?]*)"', menu))
    own = {path for path in linked - EVERYBODYS if "/queues/" not in path}
    assert own == set(allowed)


async def test_a_dead_letter_is_tried_again_by_a_lead(desk) -> None:
    lead, ann = await desk.hire("Lee", Role.LEAD), await desk.hire("Ann")
    await desk.arrive()
    async with desk.runtime.db.begin() as session:
        await reply(session, 1, text="hello", by=agent(ann.agent.id), now=desk.runtime.now())
        await session.execute(update(DELIVERIES).values(status="dead", last_error="gone"))

    html = await desk.page("/desk/undelivered", lead)
    path = re.search(r'hx-post="(/desk/deliveries/\d+/retry)"', html)[1]
    refused, _ = await desk.send(path, ann)
    status, done = await desk.send(path, lead)

    assert "T-000001" in html
    assert refused == 403
    assert (status, "sent again" in done) == (200, True)
    assert "Everything has been delivered." in await desk.page("/desk/undelivered", lead)


async def test_a_message_in_quarantine_becomes_a_ticket_or_is_discarded(desk) -> None:
    lead = await desk.hire("Lee", Role.LEAD)
    for number in ("one", "two"):
        await desk.arrive("", external_id=number)

    html = await desk.page("/desk/quarantine", lead)
    released, text = await desk.send("/desk/quarantine/1/release", lead, text="what it lacked")
    discarded, _ = await desk.send("/desk/quarantine/2/discard", lead, reason="spam")

    assert html.count("the message is empty") == 2
    assert (released, discarded) == (200, 200)
    assert "T-000001" in text
    assert "Nothing is kept aside." in await desk.page("/desk/quarantine", lead)


@pytest.mark.parametrize("path", ["/desk/queues/all", "/desk/quarantine"])
async def test_no_page_loads_all_that_came_with_what_is_kept_aside(desk, path) -> None:
    lead = await desk.hire("Lee", Role.LEAD)
    await desk.arrive("<b>" + "x" * 200_000, name="Mia")
    statements: list[str] = []

    def note(connection, cursor, statement, *rest) -> None:
        statements.append(statement)

    engine = desk.runtime.db.reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    html = await desk.page(path, lead)
    event.remove(engine, "before_cursor_execute", note)

    assert not any("payload" in statement for statement in statements)
    assert 'href="/desk/quarantine"' in html
    if path == "/desk/quarantine":
        assert "Mia" in html
        assert "&lt;b&gt;xxx" in html


async def test_an_admin_hires_and_changes_agents(desk) -> None:
    admin = await desk.hire("Ada", Role.ADMIN)

    added, _ = await desk.send(
        "/desk/admin/agents",
        admin,
        name="New Colleague",
        email="new@example.com",
        role="agent",
        password="long enough it is",
    )
    again, problem = await desk.send(
        "/desk/admin/agents",
        admin,
        name="New Colleague",
        email="NEW@example.com",
        role="agent",
        password="long enough it is",
    )
    last, words = await desk.send(
        f"/desk/admin/agents/{admin.agent.id}", admin, name="Ada", role="agent", capacity="5"
    )

    assert (added, again, last) == (200, 409, 409)
    assert "here already" in problem
    assert "last active administrator" in words
    assert "New Colleague" in await desk.page("/desk/admin/agents", admin)


async def test_a_team_gets_members_and_its_group(desk) -> None:
    manager, ann = await desk.hire("Max", Role.MANAGER), await desk.hire("Ann")

    await desk.send("/desk/admin/teams", manager, name="Billing", telegram_chat="-100123")
    await desk.send("/desk/admin/teams/1", manager, name="Billing", members=str(ann.agent.id))
    html = await desk.page("/desk/admin/teams", manager)

    assert '<i class="tag">Ann</i>' in html
    assert "<td>-100123</td>" not in html  # left out, so taken away


async def test_canned_replies_are_written_changed_and_deleted(desk) -> None:
    lead = await desk.hire("Lee", Role.LEAD)
    fields = {"shortcut": "/Hello", "title": "Greeting", "text": "Dear {customer}"}

    await desk.send("/desk/admin/replies", lead, **fields)
    taken, problem = await desk.send("/desk/admin/replies", lead, **fields)
    await desk.send("/desk/admin/replies/1", lead, **{**fields, "title": "Warm greeting"})
    html = await desk.page("/desk/admin/replies", lead)
    await desk.send("/desk/admin/replies/1/delete", lead)

    assert (taken, "/hello already" in problem) == (409, True)
    assert "Warm greeting" in html
    assert "Warm greeting" not in await desk.page("/desk/admin/replies", lead)


async def test_a_token_is_shown_once(desk) -> None:
    admin = await desk.hire("Ada", Role.ADMIN)

    status, html = await desk.send(
        "/desk/admin/tokens", admin, name="Shop", scopes="messages:submit", days="30"
    )
    secret = re.search(r'value="(cc_1_[^"]+)"', html)[1]
    listed = await desk.page("/desk/admin/tokens", admin)
    await desk.send("/desk/admin/tokens/1/revoke", admin)

    assert status == 200
    assert "Shop" in listed
    assert secret not in listed
    assert "Revoked" in await desk.page("/desk/admin/tokens", admin)


async def test_a_webhook_is_set_up_switched_and_deleted(desk) -> None:
    admin = await desk.hire("Ada", Role.ADMIN)

    refused, _ = await desk.send("/desk/admin/webhooks", admin, url="http://localhost/hook")
    status, html = await desk.send(
        "/desk/admin/webhooks", admin, url="https://shop.example/hook", event_kinds="ticket.*"
    )
    await desk.send("/desk/admin/webhooks/1/switch", admin, active="false")
    listed = await desk.page("/desk/admin/webhooks", admin)
    await desk.send("/desk/admin/webhooks/1/delete", admin)

    assert (refused, status) == (422, 200)
    assert "whsec_" in html
    assert "Disabled" in listed
    assert "There are no webhooks yet." in await desk.page("/desk/admin/webhooks", admin)
