import asyncio

import pytest

from contact_center.bus import Bus


async def test_a_subscriber_hears_its_topics_once():
    bus = Bus()
    with bus.subscribe("events", "deliveries") as subscription:
        bus.publish(["events", "other"])
        bus.publish(["events"])

        assert await subscription.wait(5) == {"events"}
        assert await subscription.wait(0) == set()


@pytest.mark.parametrize("ticks", range(4))
async def test_a_task_that_is_cancelled_while_it_is_woken_stops(ticks):
    bus = Bus()
    with bus.subscribe("events") as subscription:
        waiting = asyncio.create_task(subscription.wait(5))
        await asyncio.sleep(0)
        bus.publish(["events"])
        for _ in range(ticks):
            await asyncio.sleep(0)

        was_running = waiting.cancel()
        await asyncio.wait([waiting])

        assert waiting.cancelled() is was_running
