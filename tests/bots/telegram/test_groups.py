import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from telegram import Update

from bots.telegram.announcing import Announcer
from bots.telegram.channel import TelegramChannel
from bots.telegram.front import Front
from contact_center.agents.models import Agent, Team
from contact_center.agents.queries import get_agent, get_team
from contact_center.agents.rules import LINK_VALID, link_code
from contact_center.deliveries.queries import count_waiting
from contact_center.events.rules import agent as agent_actor
from contact_center.intake.actions.taking import Intake
from contact_center.switchboard import Rule, Switchboard
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Status, TransferReason
from contact_center.tickets.queries import get_ticket
from scheduler.relay import Relay
from tests.support.calendars import POLICIES
from tests.support.factories import inbound, make_agent, make_team
from tests.support.patience import PATIENCE
from tests.support.telegram import message, pressed

GROUP, OTHER = -100, -200
LI_WEI, BO = 501, 502


@pytest.fixture
async def team(runtime, clock) -> Team:
    async with runtime.db.begin() as session:
        return await make_team(session, now=clock(), name="Parcels", telegram_chat=str(GROUP))


@pytest.fixture
async def agents(runtime, clock) -> list[Agent]:
    async with runtime.db.begin() as session:
        return [
            await make_agent(session, now=clock(), name=name, telegram_id=str(number))
            for name, number in (("Li Wei", LI_WEI), ("Bo", BO))
        ]


@pytest.fixture
async def ticket(runtime, clock, team) -> int:
    """A ticket that waits for the team."""
    intake = Intake(
        policies=POLICIES,
        db=runtime.db,
        settings=runtime.settings,
        texts=runtime.texts,
        routes=Switchboard(rules=[Rule("Parcels")]),
        dialogue=None,
        now=clock,
    )
    [receipt] = await intake.handle([inbound("My parcel is late")])
    return receipt.ticket_id


@pytest.fixture
def receive(runtime, connection):
    front, numbers = Front(runtime, connection), iter(range(1, 1000))

    async def receive(content):
        await front.handle(Update.de_json({"update_id": next(numbers), **content}, connection.bot))

    return receive


@pytest.fixture
def relay(runtime, connection):
    """Send what waits to be sent."""
    channel = TelegramChannel(connection, storage=runtime.storage, secret=runtime.secret)
    sending = replace(runtime, channels={"telegram": channel})

    async def relay():
        running = asyncio.create_task(Relay(sending, owner="test").run())
        async with asyncio.timeout(PATIENCE):
            while await waiting():
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def waiting():
        async with runtime.db.read() as session:
            return await count_waiting(session)

    return relay


def shown_in(server, chat):
    return [shown for (where, _), shown in server.messages.items() if where == str(chat)]


def button_of(shown):
    return shown["reply_markup"]["inline_keyboard"][0][0]["callback_data"]


def answers(server):
    return [call.parameters["text"] for call in server.called("answerCallbackQuery")]


async def press(receive, server, sender, chat=GROUP, **more):
    [shown] = shown_in(server, chat)
    await receive(pressed(sender, shown, button_of(shown), **more))


async def test_a_pressed_button_claims_the_ticket_and_the_group_sees_who_has_it(
    runtime, server, receive, relay, agents, ticket
):
    await relay()
    announcer = Announcer(runtime)
    await announcer.step()
    [shown] = shown_in(server, GROUP)
    assert shown["text"] == "New inquiry: T-000001 My parcel is late"

    await press(receive, server, LI_WEI)
    await announcer.step()
    await relay()

    async with runtime.db.read() as session:
        claimed = await get_ticket(session, ticket)
    assert (claimed.status, claimed.owner_id) == (Status.OPEN, agents[0].id)
    assert answers(server) == ["T-000001 is yours."]
    [shown] = shown_in(server, GROUP)
    assert shown["text"] == "New inquiry: T-000001 My parcel is late\n\n✅ Li Wei has it"
    assert "reply_markup" not in shown


@pytest.mark.race
async def test_of_two_who_press_at_once_one_wins_and_the_other_is_told_who(
    runtime, server, connection, relay, agents, ticket
):
    await relay()
    [shown] = shown_in(server, GROUP)
    nodes = [Front(runtime, connection) for _ in range(2)]
    presses = [pressed(user, shown, button_of(shown), query=str(user)) for user in (LI_WEI, BO)]

    await asyncio.gather(
        *(
            node.handle(Update.de_json({"update_id": number, **press}, connection.bot))
            for number, (node, press) in enumerate(zip(nodes, presses, strict=True), start=1)
        )
    )

    async with runtime.db.read() as session:
        owner = await get_agent(session, (await get_ticket(session, ticket)).owner_id)
    assert sorted(answers(server)) == sorted(
        ["T-000001 is yours.", f"{owner.name} has it already."]
    )


async def test_pressing_again_is_no_second_claim(runtime, server, receive, relay, agents, ticket):
    await relay()
    await press(receive, server, LI_WEI)
    await press(receive, server, LI_WEI)

    assert answers(server) == ["T-000001 is yours."] * 2


async def test_a_ticket_that_waits_for_nobody_cannot_be_claimed(
    runtime, server, receive, relay, agents, ticket, clock
):
    await relay()
    async with runtime.db.begin() as session:
        by = agent_actor(agents[0].id)
        await tickets.cancel(session, ticket, by=by, now=clock(), reason="spam")

    await press(receive, server, LI_WEI)

    assert answers(server) == ["It is not waiting for anybody any more."]


async def test_a_stranger_in_the_group_is_told_how_to_link(runtime, server, receive, relay, ticket):
    await relay()
    await press(receive, server, 999)

    assert "/link" in answers(server)[0]
    async with runtime.db.read() as session:
        assert (await get_ticket(session, ticket)).status is Status.QUEUED


async def test_a_claim_that_was_never_offered_is_not_heard(
    runtime, server, receive, relay, agents, ticket
):
    await relay()
    [shown] = shown_in(server, GROUP)
    await receive(pressed(LI_WEI, shown, f"claim:{ticket}"))

    assert answers(server) == ["This button is out of date."]


async def test_a_group_that_is_no_teams_any_more_claims_nothing(
    runtime, server, receive, relay, agents, ticket, team
):
    await relay()
    async with runtime.db.begin() as session:
        (await get_team(session, team.id)).telegram_chat = None

    await press(receive, server, LI_WEI)

    assert answers(server) == ["This button is out of date."]


async def test_the_group_sees_what_was_claimed_at_the_desk(
    runtime, server, relay, agents, ticket, clock
):
    announcer = Announcer(runtime)
    await announcer.step()
    await relay()
    async with runtime.db.begin() as session:
        await tickets.claim(session, ticket, by=agent_actor(agents[1].id), now=clock())

    await announcer.step()
    await announcer.step()
    await relay()

    [shown] = shown_in(server, GROUP)
    assert shown["text"].endswith("✅ Bo has it")
    assert len(server.called("editMessageText")) == 1


async def test_a_ticket_claimed_before_its_announcement_left_is_corrected_afterwards(
    runtime, server, relay, agents, ticket, clock
):
    announcer = Announcer(runtime)
    await announcer.step()
    async with runtime.db.begin() as session:
        await tickets.claim(session, ticket, by=agent_actor(agents[1].id), now=clock())
    await announcer.step()
    await relay()
    clock.advance(minutes=5)  # nothing else happens

    await announcer.step()
    await relay()

    [shown] = shown_in(server, GROUP)
    assert shown["text"].endswith("✅ Bo has it")


async def test_a_group_that_a_team_gets_later_is_offered_what_waits(
    runtime, server, relay, ticket, team
):
    announcer = Announcer(runtime)
    await relay()
    async with runtime.db.begin() as session:
        (await get_team(session, team.id)).telegram_chat = None
    await announcer.step()
    async with runtime.db.begin() as session:
        (await get_team(session, team.id)).telegram_chat = str(OTHER)

    await announcer.step()
    await relay()

    assert "reply_markup" in shown_in(server, OTHER)[0]


async def test_a_ticket_put_back_is_offered_again(runtime, server, relay, agents, ticket, clock):
    announcer, by = Announcer(runtime), agent_actor(agents[0].id)
    await announcer.step()
    await relay()
    for change in (tickets.claim, tickets.release):
        async with runtime.db.begin() as session:
            await change(session, ticket, by=by, now=clock())
        await announcer.step()
        await relay()

    first, second = shown_in(server, GROUP)
    assert first["text"].endswith("✅ Li Wei has it")
    assert "reply_markup" in second


async def test_a_ticket_handed_to_another_team_is_offered_in_its_group(
    runtime, server, relay, agents, ticket, clock
):
    announcer, by = Announcer(runtime), agent_actor(agents[0].id)
    await announcer.step()
    await relay()
    async with runtime.db.begin() as session:
        other = await make_team(session, now=clock(), telegram_chat=str(OTHER))
        await tickets.claim(session, ticket, by=by, now=clock())
        await tickets.transfer(
            session, ticket, reason=TransferReason.SKILL, by=by, now=clock(), to_team=other.id
        )

    await announcer.step()
    await relay()

    assert shown_in(server, GROUP)[0]["text"].endswith("✅ Not waiting here any more")
    assert "reply_markup" in shown_in(server, OTHER)[0]


@pytest.mark.race
async def test_several_nodes_tell_a_group_once(runtime, server, relay, agents, ticket, clock):
    nodes = [Announcer(runtime) for _ in range(4)]
    for node in nodes:
        await node.step()
    await relay()
    async with runtime.db.begin() as session:
        await tickets.claim(session, ticket, by=agent_actor(agents[1].id), now=clock())

    await asyncio.gather(*(node.step() for node in nodes))
    await relay()

    assert len(server.called("editMessageText")) == 1


async def test_a_group_that_became_a_supergroup_stays_the_teams(runtime, receive, team):
    await receive(message(LI_WEI, None, chat=GROUP, migrate_to_chat_id=-100500))

    async with runtime.db.read() as session:
        assert (await get_team(session, team.id)).telegram_chat == "-100500"


async def test_a_group_tells_its_id(server, receive):
    await receive(message(LI_WEI, "/id@desk_bot", chat=GROUP))

    assert server.texts(GROUP) == [f"The id of this group is {GROUP}. Enter it for your team."]


@pytest.mark.parametrize("command", ["/link {code}", "/start link_{code}"])
async def test_an_agent_links_an_account(runtime, server, receive, clock, inbox, command):
    async with runtime.db.begin() as session:
        agent = await make_agent(session, now=clock(), name="Li Wei")
    code = link_code(runtime.secret, agent.id, now=clock())

    await receive(message(LI_WEI, command.format(code=code)))

    async with runtime.db.read() as session:
        assert (await get_agent(session, agent.id)).telegram_id == str(LI_WEI)
    assert server.texts(LI_WEI) == ["Done, Li Wei: you can claim tickets in your team's group now."]
    assert inbox.messages == []


async def test_an_account_belongs_to_one_agent(runtime, receive, agents, clock):
    li_wei, bo = agents
    code = link_code(runtime.secret, bo.id, now=clock())

    for _ in range(2):
        await receive(message(LI_WEI, f"/link {code}"))

    async with runtime.db.read() as session:
        assert (await get_agent(session, li_wei.id)).telegram_id is None
        assert (await get_agent(session, bo.id)).telegram_id == str(LI_WEI)


@pytest.mark.parametrize("code", ["", "x", "A" * 32, "ü" * 32, "late"])
async def test_a_wrong_or_old_code_links_nobody(runtime, server, receive, agents, clock, code):
    if code == "late":
        code = link_code(runtime.secret, agents[0].id, now=clock())
        clock.advance(seconds=LINK_VALID / timedelta(seconds=1))

    await receive(message(777, f"/link {code}"))

    assert server.texts(777)[0].startswith("This code is wrong or has run out.")
    async with runtime.db.read() as session:
        assert (await get_agent(session, agents[0].id)).telegram_id == str(LI_WEI)
