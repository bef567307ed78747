import asyncio

import pytest
from sqlalchemy import select, update

from contact_center.accounts.models import Account, Tier
from contact_center.agents.models import Role, TeamMember
from contact_center.alerts.queries import alerts_of
from contact_center.callbacks import actions
from contact_center.callbacks.models import CallbackState
from contact_center.closure import actions as closure
from contact_center.complaints.models import Complaint, Stage
from contact_center.customers.queries import lock_customer
from contact_center.db import Database
from contact_center.deliveries.models import Delivery, DeliveryStatus
from contact_center.events.rules import agent
from contact_center.links import actions as links
from contact_center.messages import actions as messages
from contact_center.supervision.models import Cause
from contact_center.supervision.queries import orders_of
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Settled, Status
from scheduler import sweeps
from tests.support.factories import make_agent, make_team


async def deliveries(db: Database, kind: str) -> list[Delivery]:
    async with db.read() as session:
        found = select(Delivery).where(Delivery.kind == kind).order_by(Delivery.id)
        return list(await session.scalars(found))


async def test_the_customer_is_asked_some_time_after_the_resolution(story) -> None:
    await story.resolved()
    story.clock.advance(minutes=59)
    await story.tick()
    assert await deliveries(story.runtime.db, "survey") == []

    story.clock.advance(minutes=1)
    await story.tick()

    [survey] = await deliveries(story.runtime.db, "survey")
    assert (survey.channel, survey.address) == ("telegram", "ann")
    assert [value for _, value in survey.payload["buttons"]] == ["callback:yes", "callback:no"]
    assert [callback.state for callback in await story.callbacks()] == [CallbackState.ASKED]


async def test_whom_only_a_person_reaches_is_called_by_the_owner(story) -> None:
    story.channel = "phone"
    await story.resolved()

    await story.is_asked()
    await story.tick()

    assert await deliveries(story.runtime.db, "reply") == []
    assert await deliveries(story.runtime.db, "survey") == []
    [callback] = await story.callbacks()
    assert (callback.state, callback.asked_at) == (CallbackState.ASKED, None)
    async with story.runtime.db.read() as session:
        [alert] = await alerts_of(session, story.owner_id)
    assert (alert.kind, alert.facts["due_at"]) == ("callback.to_call", callback.due_at.isoformat())
    assert [event["cycle"] for event in await story.events("callback.to_call")] == [0]


async def test_what_the_called_customer_says_closes_the_ticket(story) -> None:
    story.channel = "phone"
    await story.resolved()
    await story.is_asked()

    async with story.runtime.db.begin() as session:
        by, now = agent(story.owner_id), story.clock()
        await closure.confirm(
            session, story.ticket_id, quote="All fine", channel="phone", by=by, now=now
        )
    await story.window_ends()

    assert (await story.ticket()).status is Status.CLOSED
    assert [callback.state for callback in await story.callbacks()] == [CallbackState.CANCELLED]


async def test_nobody_called_is_unreachable(story) -> None:
    story.channel = "letter"
    await story.resolved()
    await story.is_asked()

    await story.window_ends()

    ticket = await story.ticket()
    assert (ticket.status, ticket.settled) == (Status.CLOSED, Settled.UNREACHABLE)


async def test_looking_again_does_not_ask_again(story) -> None:
    await story.resolved()
    await story.is_asked()

    await story.tick()

    assert len(await deliveries(story.runtime.db, "survey")) == 1


async def test_a_mail_says_how_to_answer_without_buttons(story) -> None:
    story.channel = "email"
    await story.resolved()

    await story.is_asked()

    assert 'answer this mail with "yes" or "no"' in (await story.heard())[-1]


async def test_the_question_is_asked_in_the_customers_language(story) -> None:
    from contact_center.channels.base import Sender

    await story.resolved(sender=Sender(address="ann", name="安", language="zh"))

    await story.is_asked()

    assert "解决了吗" in (await story.heard())[-1]


@pytest.mark.parametrize(("text", "button"), [("Yes, solved", "callback:yes"), ("已解决", None)])
async def test_yes_asks_for_a_score_and_the_score_closes_the_ticket(story, text, button) -> None:
    await story.resolved()
    await story.is_asked()

    await story.says(text, button=button)
    assert (await story.ticket()).status is Status.RESOLVED
    await story.says("5分")

    ticket = await story.ticket()
    [callback] = await story.callbacks()
    assert (ticket.status, ticket.score) == (Status.CLOSED, 5)
    assert (callback.state, callback.solved, callback.score) == (CallbackState.COMPLETED, True, 5)
    assert callback.ended_at == story.clock()
    assert await story.events("callback.answered") == [{"solved": True, "score": 5, "cycle": 0}]


@pytest.mark.parametrize(
    ("text", "button", "score"),
    [
        ("No, not solved", "callback:no", None),
        ("没解决", None, None),
        ("not solved, call me", None, None),
        ("1", "callback:1", 1),
        ("2分", None, 2),
    ],
)
async def test_a_bad_answer_goes_back_to_the_same_owner_and_alerts_the_lead(
    story, text, button, score
) -> None:
    await story.resolved()
    await story.is_asked()

    await story.says(text, button=button)

    ticket = await story.ticket()
    assert (ticket.status, ticket.reopen_count) == (Status.OPEN, 1)
    assert ticket.owner_id == ticket.assignee_id == story.owner_id
    assert ticket.waiting_since == story.clock()
    assert await story.events("lead.alerted") == [{"why": "not_solved", "score": score, "cycle": 0}]
    [callback] = await story.callbacks()
    assert (callback.state, callback.score) == (CallbackState.COMPLETED, score)


@pytest.mark.parametrize(("tier", "orders"), [(Tier.A, [Cause.VIP]), (Tier.B, [])])
async def test_a_bad_answer_of_a_customer_of_tier_a_is_supervised(story, tier, orders) -> None:
    await story.resolved()
    async with story.runtime.db.begin() as session:
        account = Account(name="Acme", tier=tier, created_at=story.clock())
        session.add(account)
        await session.flush()
        customer = await lock_customer(session, (await story.ticket()).customer_id)
        customer.account_id = account.id
    await story.is_asked()

    await story.says("1")

    async with story.runtime.db.read() as session:
        found = await orders_of(session, story.ticket_id)
    assert [order.cause for order in found] == orders


async def test_three_is_not_bad(story) -> None:
    await story.resolved()
    await story.is_asked()

    await story.says("3")

    assert (await story.ticket()).status is Status.CLOSED
    assert await story.events("lead.alerted") == []


async def test_leads_of_the_team_get_one_mail_each(story) -> None:
    await story.resolved()
    async with story.runtime.db.begin() as session:
        now = story.clock()
        team = await make_team(session, now=now)
        mine = await make_agent(session, now=now, role=Role.LEAD, language="zh")
        await make_agent(session, now=now, role=Role.LEAD)
        session.add(TeamMember(team_id=team.id, agent_id=mine.id))
        await tickets.edit(
            session,
            story.ticket_id,
            version=None,
            changes={"team_id": team.id},
            by=agent(mine.id),
            now=now,
        )
    await story.is_asked()

    await story.says("没解决")
    await sweeps.send_alerts(story.runtime)

    [alert] = await deliveries(story.runtime.db, "alert")
    assert (alert.channel, alert.address) == ("email", mine.email)
    assert "未解决" in alert.payload["subject"]
    assert f"/desk/tickets/{story.ticket_id}" in alert.payload["text"]


async def test_without_a_team_all_leads_are_alerted(story) -> None:
    await story.resolved()
    async with story.runtime.db.begin() as session:
        for role in (Role.LEAD, Role.LEAD, Role.AGENT):
            await make_agent(session, now=story.clock(), role=role)
    await story.is_asked()

    await story.says("no")
    await sweeps.send_alerts(story.runtime)

    assert len(await deliveries(story.runtime.db, "alert")) == 2


async def test_a_one_counts_in_every_cycle(story) -> None:
    await story.resolved()
    for cycle in range(3):
        await story.is_asked()
        await story.says("1", button="callback:1")
        ticket = await story.ticket()
        assert (ticket.status, ticket.reopen_count) == (Status.OPEN, cycle + 1)
        await story.resolve()

    assert [c["cycle"] for c in await story.events("lead.alerted")] == [0, 1, 2]
    assert [(c.cycle, c.score) for c in await story.callbacks()] == [(0, 1), (1, 1), (2, 1)]


async def test_a_score_after_a_no_still_counts_once(story) -> None:
    await story.resolved()
    await story.is_asked()
    await story.says("No", button="callback:no")

    await story.says("1", button="callback:1")
    await story.says("4", button="callback:4")

    [callback] = await story.callbacks()
    ticket = await story.ticket()
    assert (callback.score, ticket.score, ticket.reopen_count) == (1, 1, 1)
    assert len(await story.events("lead.alerted")) == 1


async def test_the_same_button_twice_changes_nothing(story) -> None:
    await story.resolved()
    await story.is_asked()

    await story.says("5", button="callback:5")
    [receipt] = await story.says("5", button="callback:5")

    assert receipt.ticket_id == story.ticket_id
    assert (await story.ticket()).status is Status.CLOSED
    assert (await story.heard())[-1].startswith("Thank you!")


async def test_yes_twice_asks_for_one_score(story) -> None:
    await story.resolved()
    await story.is_asked()

    await story.says("Yes", button="callback:yes")
    await story.says("Yes", button="callback:yes")

    assert len([said for said in await story.heard() if "from 1" in said]) == 1


async def test_no_answer_closes_after_the_window(story) -> None:
    await story.resolved()
    await story.is_asked()
    story.clock.advance(hours=71)
    await story.tick()
    assert (await story.ticket()).status is Status.RESOLVED

    story.clock.advance(hours=1)
    await story.tick()

    ticket = await story.ticket()
    [callback] = await story.callbacks()
    assert (ticket.status, ticket.score) == (Status.CLOSED, None)
    assert (callback.state, callback.ended_at) == (CallbackState.EXPIRED, story.clock())
    assert await story.events("ticket.closed") == [{"reason": "no_answer"}]


async def test_a_complaint_is_never_closed_by_silence(story) -> None:
    await story.resolved(kind="complaint")
    await story.is_asked()

    await story.window_ends()

    assert (await story.ticket()).status is Status.RESOLVED
    assert [c.state for c in await story.callbacks()] == [CallbackState.EXPIRED]


async def has_been_responded_to(story) -> None:
    """As the steps of a complaint leave it."""
    async with story.runtime.db.begin() as session:
        await session.execute(update(Complaint).values(stage=Stage.RESPONDED))


async def complaint_of(story) -> Complaint:
    async with story.runtime.db.read() as session:
        return await session.scalar(select(Complaint))


async def test_a_yes_is_the_acceptance_of_a_response_with_its_words(story) -> None:
    await story.resolved(kind="complaint")
    await has_been_responded_to(story)
    await story.is_asked()

    await story.says("Yes, thank you")

    complaint = await complaint_of(story)
    assert (complaint.stage, complaint.answer_quote) == (Stage.ACCEPTED, "Yes, thank you")
    assert complaint.answer_channel == "telegram"


async def test_a_no_is_a_response_that_is_not_accepted(story) -> None:
    await story.resolved(kind="complaint")
    await has_been_responded_to(story)
    await story.is_asked()

    await story.says("no")

    assert (await complaint_of(story)).stage is Stage.REJECTED_BY_CUSTOMER
    assert (await story.ticket()).status is Status.OPEN


async def test_k6_a_callback_in_vain_makes_a_complaint_silent_and_closes_nothing(story) -> None:
    await story.resolved(kind="complaint")
    await has_been_responded_to(story)
    await story.is_asked()

    await story.window_ends()

    ticket, complaint = await story.ticket(), await complaint_of(story)
    assert (ticket.status, ticket.stage) == (Status.RESOLVED, "silent")
    assert (complaint.stage, complaint.closed_at) == (Stage.SILENT, None)


async def test_who_has_gone_to_a_body_outside_is_not_asked_how_we_were(story) -> None:
    await story.resolved(kind="complaint")
    async with story.runtime.db.begin() as session:
        await session.execute(update(Complaint).values(external_at=story.clock()))
    story.clock.advance(hours=2)

    await story.tick()

    assert await deliveries(story.runtime.db, "survey") == []


async def test_a_score_alone_does_not_accept_a_response(story) -> None:
    await story.resolved(kind="complaint")
    await has_been_responded_to(story)
    await story.is_asked()

    await story.says("5")

    assert (await complaint_of(story)).stage is Stage.RESPONDED
    assert (await story.ticket()).status is Status.RESOLVED


async def test_a_late_answer_on_a_complaint_still_counts(story) -> None:
    await story.resolved(kind="complaint")
    await has_been_responded_to(story)
    await story.is_asked()
    await story.window_ends()

    await story.says("是的")
    await story.tick()
    assert (await story.ticket()).status is Status.RESOLVED
    await story.says("4")

    [callback] = await story.callbacks()
    assert (callback.state, callback.score) == (CallbackState.COMPLETED, 4)
    ticket = await story.ticket()
    assert ticket.confirmed_at is not None
    assert (ticket.status, ticket.stage) == (Status.CLOSED, "closed")


async def test_who_said_yes_and_gave_no_score_is_counted_as_answered(story) -> None:
    await story.resolved()
    await story.is_asked()
    await story.says("yes")

    await story.window_ends()

    [callback] = await story.callbacks()
    assert (callback.state, callback.solved, callback.score) == (
        CallbackState.COMPLETED,
        True,
        None,
    )
    assert await story.events("ticket.closed") == [{"reason": "customer_confirmed"}]


async def test_a_question_that_never_arrived_is_not_counted_as_silence(story) -> None:
    await story.resolved()
    await story.is_asked()
    await story.deliver(DeliveryStatus.DEAD)

    await story.window_ends()

    assert [c.state for c in await story.callbacks()] == [CallbackState.UNREACHABLE]
    assert await story.events("ticket.closed") == [{"reason": "unreachable"}]


async def test_a_reopened_ticket_is_not_asked_about(story) -> None:
    await story.resolved()
    await story.tick()
    async with story.runtime.db.begin() as session:
        by = agent(story.owner_id)
        await tickets.reopen(session, story.ticket_id, by=by, now=story.clock(), reason="mistake")

    await story.is_asked()

    assert [c.state for c in await story.callbacks()] == [CallbackState.CANCELLED]
    assert await deliveries(story.runtime.db, "survey") == []


async def test_a_merged_ticket_is_not_asked_about(story) -> None:
    await story.resolved()
    await story.tick()
    [other] = await story.intake.handle([story.message("Another thing", thread="ann-2")])
    async with story.runtime.db.begin() as session:
        by, now = agent(story.owner_id), story.clock()
        await links.merge(session, story.ticket_id, into=other.ticket_id, by=by, now=now)

    await story.is_asked()

    assert [c.state for c in await story.callbacks()] == [CallbackState.CANCELLED]


async def test_another_message_reopens_and_cancels_the_question(story) -> None:
    await story.resolved()
    await story.is_asked()

    await story.says("Yes, but the lid is missing")

    ticket = await story.ticket()
    assert (ticket.status, ticket.waiting_since) == (Status.OPEN, story.clock())
    assert [c.state for c in await story.callbacks()] == [CallbackState.CANCELLED]
    assert await story.events("lead.alerted") == []


@pytest.mark.parametrize("asked", [False, True])
async def test_thanks_do_not_reopen(story, asked) -> None:
    await story.resolved()
    if asked:
        await story.is_asked()

    await story.says("谢谢！")

    assert (await story.ticket()).status is Status.RESOLVED


async def test_a_typed_yes_before_the_question_is_a_message(story) -> None:
    await story.resolved()

    await story.says("yes")

    assert (await story.ticket()).status is Status.OPEN


async def test_a_button_of_an_earlier_question_answers_for_now(story) -> None:
    await story.resolved()
    await story.is_asked()
    await story.says("Something else is wrong")
    await story.resolve()

    await story.says("5", button="callback:5")
    await story.is_asked()

    assert (await story.ticket()).status is Status.CLOSED
    assert [(c.cycle, c.state, c.score) for c in await story.callbacks()] == [
        (0, CallbackState.CANCELLED, None),
        (1, CallbackState.COMPLETED, 5),
    ]


@pytest.mark.parametrize(
    ("text", "button"), [("5", "callback:5"), ("thanks", None), ("Yes, solved", "callback:yes")]
)
async def test_good_words_after_closing_open_no_ticket(story, text, button) -> None:
    await story.resolved()
    await story.is_asked()
    await story.window_ends()

    [receipt] = await story.says(text, button=button)

    assert receipt.ticket_id == story.ticket_id
    assert (await story.ticket()).status is Status.CLOSED
    assert [c.state for c in await story.callbacks()] == [CallbackState.EXPIRED]


async def test_a_no_after_closing_opens_a_follow_up(story) -> None:
    await story.resolved()
    await story.is_asked()
    await story.window_ends()

    [receipt] = await story.says("No, not solved", button="callback:no")

    assert receipt.ticket_id != story.ticket_id


@pytest.mark.parametrize(
    "texts", [("no", "the lid is missing"), ("5", "but the lid is missing"), ("hello", "hello?")]
)
async def test_messages_that_come_together_are_all_taken_in(story, texts) -> None:
    await story.resolved()
    await story.is_asked()

    receipts = await story.says(*texts)

    assert {receipt.ticket_id for receipt in receipts} == {story.ticket_id}
    ticket = await story.ticket()
    assert (ticket.status, ticket.reopen_count) == (Status.OPEN, 1)
    assert ticket.waiting_since == story.clock()


async def test_a_late_button_on_an_open_ticket_makes_nobody_wait(story) -> None:
    await story.resolved()
    await story.is_asked()
    await story.says("Something else is wrong")
    async with story.runtime.db.begin() as session:
        by, now = agent(story.owner_id), story.clock()
        await messages.reply(session, story.ticket_id, text="We look", by=by, now=now)

    await story.says("Yes, solved", button="callback:yes")

    assert (await story.ticket()).waiting_since is None


async def test_a_callback_that_fails_is_put_off_and_stops_no_other(story, monkeypatch) -> None:
    await story.resolved()
    first, first_owner = story.ticket_id, story.owner_id
    [other] = await story.intake.handle([story.message("Other", thread="other")])
    story.ticket_id = other.ticket_id
    await story.resolve()
    assert first_owner
    say = messages.say_as_system

    async def broken(session, ticket, **arguments):
        if ticket.id == first:
            raise ValueError("this one is poisoned")
        return await say(session, ticket, **arguments)

    monkeypatch.setattr(messages, "say_as_system", broken)
    await story.is_asked()

    assert [c.state for c in await story.callbacks()] == [CallbackState.ASKED]
    story.ticket_id = first
    [callback] = await story.callbacks()
    assert callback.state is CallbackState.PLANNED
    assert callback.due_at == story.clock() + sweeps.PUT_OFF


@pytest.mark.race
async def test_two_nodes_ask_once(story, database_url) -> None:
    await story.resolved()
    await sweeps.plan_callbacks(story.runtime)
    story.clock.advance(hours=1)
    import dataclasses

    other = Database(database_url)
    second = dataclasses.replace(story.runtime, db=other)

    await asyncio.gather(
        *(sweeps.plan_callbacks(node) for node in (story.runtime, second) * 2),
        *(sweeps.make_callbacks(node) for node in (story.runtime, second) * 4),
    )

    await other.dispose()
    assert len(await deliveries(story.runtime.db, "survey")) == 1


@pytest.mark.race
async def test_answers_and_sweeps_at_once_neither_lose_nor_deadlock(story, database_url) -> None:
    await story.resolved()
    await sweeps.plan_callbacks(story.runtime)
    story.clock.advance(hours=1)
    await story.tick()
    story.clock.advance(hours=72)

    results = await asyncio.gather(
        story.says("5", button="callback:5"),
        *(sweeps.make_callbacks(story.runtime) for _ in range(4)),
        story.says("thanks"),
        return_exceptions=True,
    )

    assert [r for r in results if isinstance(r, Exception)] == []
    assert (await story.ticket()).status is Status.CLOSED
    assert len(await story.events("ticket.closed")) == 1


async def test_a_callback_that_is_not_due_is_left_alone(story) -> None:
    await story.resolved()
    await story.tick()
    [callback] = await story.callbacks()

    async with story.runtime.db.begin() as session:
        await actions.run_due(
            session,
            callback.id,
            settings=story.runtime.settings.callbacks,
            texts=story.runtime.texts,
            now=story.clock(),
        )

    assert [c.state for c in await story.callbacks()] == [CallbackState.PLANNED]


# Whoever says that it is not solved waits for an answer


async def next_response(story):
    from contact_center.sla.queries import all_clocks

    async with story.runtime.db.read() as session:
        clocks = await all_clocks(session, story.ticket_id)
    return [clock for clock in clocks if clock.kind == "next_response"]


@pytest.mark.parametrize("text", ["没解决", "One more thing: where is the lid?"])
async def test_who_says_not_solved_is_promised_an_answer(story, text) -> None:
    story.channel = "email"
    await story.resolved()
    await story.is_asked()
    story.clock.advance(minutes=7)

    await story.says(text)

    [clock] = await next_response(story)
    assert (clock.started_at, clock.is_owed) == (story.clock(), True)
    assert (await story.ticket()).next_due_at is not None
    [reopened] = await story.events("ticket.reopened")
    assert "next_response" in [change["clock"] for change in reopened["clocks"]]


async def test_two_messages_after_a_resolution_are_one_question(story) -> None:
    story.channel = "email"
    await story.resolved()
    await story.is_asked()

    await story.says("Not solved", "The lid is still missing")

    assert len(await next_response(story)) == 1
