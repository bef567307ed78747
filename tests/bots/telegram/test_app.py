import json
import subprocess
import sys
from dataclasses import replace

from bots.telegram.app import TelegramFront
from contact_center.channels.base import Outgoing
from tests.support.telegram import BOT_ID, message

ANN = 77


def in_webhook_mode(runtime):
    settings = runtime.settings
    telegram = settings.telegram.model_copy(update={"mode": "webhook"})
    server = settings.server.model_copy(update={"public_url": "https://desk.example/"})
    changed = settings.model_copy(update={"telegram": telegram, "server": server})
    return replace(runtime, settings=changed)


async def test_a_running_front_receives_and_sends(runtime, server, inbox):
    front = TelegramFront(runtime)
    async with front.running():
        await server.push(message(ANN, "hello"))
        await server.until(lambda: server.polls > 1)
        name = await front.channel.send(
            Outgoing(idempotency_key="k", address=str(ANN), text="hello yourself")
        )

    assert inbox.texts(ANN) == ["hello"]
    assert server.texts(ANN) == ["hello yourself"]
    assert name.startswith(f"{BOT_ID}:{ANN}:")
    assert front.routes().operations == []


async def test_a_front_that_only_sends_asks_for_nothing(runtime, server):
    front = TelegramFront(runtime)
    async with front.running(receive=False):
        await front.channel.send(Outgoing(idempotency_key="k", address=str(ANN), text="hello"))

    assert [call.method for call in server.calls] == ["sendMessage"]
    assert server.polls == 0


async def test_the_menu_is_offered_in_both_languages(runtime, server):
    async with TelegramFront(runtime).running():
        await server.until(lambda: len(server.called("setMyCommands")) == 2)

    menus = {
        call.parameters.get("language_code"): json.loads(call.parameters["commands"])
        for call in server.called("setMyCommands")
    }
    assert menus[None][1] == {"command": "human", "description": "Talk to a person"}
    assert menus["zh"][1] == {"command": "human", "description": "转人工客服"}


async def test_the_webhook_is_registered_at_our_public_address(runtime, server, monkeypatch):
    monkeypatch.setattr("bots.telegram.app.RETRY", 0)
    server.fail("setWebhook", 502, "Bad Gateway")
    front = TelegramFront(in_webhook_mode(runtime))

    async with front.running():
        await server.until(lambda: server.webhook)

    assert server.webhook["url"] == "https://desk.example/telegram/webhook"
    assert len(server.webhook["secret_token"]) == 64
    assert [operation.path for operation in front.routes().operations] == ["/telegram/webhook"]


def test_the_service_does_not_need_the_telegram_library():
    program = (
        "import sys; sys.modules['telegram'] = None; "
        "import contact_center.serve, contact_center.app, contact_center.cli"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
