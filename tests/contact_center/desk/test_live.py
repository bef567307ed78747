import json
import re

import pytest

from contact_center.desk.streams import STREAMS


async def blocks(answer, number: int) -> list[str]:
    """The first blocks of a stream that say something."""
    found: list[str] = []
    while len(found) < number:
        block = (await answer.content.readuntil(b"\n\n")).decode()
        assert block, f"the stream has ended after {found}"
        if "data: " in block:
            found.append(block)
    return found


async def test_a_stream_tells_lines_and_counters(desk) -> None:
    ann = await desk.hire("Ann")
    async with desk.client.get("/desk/live/queues/unclaimed", headers=ann.headers) as answer:
        await blocks(answer, 1)
        receipt = await desk.arrive("Where is it?")
        text = "".join(await blocks(answer, 2))

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert f'id="t-{receipt.ticket_id}"' in text
    counts = [json.loads(found) for found in re.findall(r"event: counts\ndata: (.*)", text)]
    assert counts[-1]["unclaimed"] == "1"


async def test_a_stream_goes_on_where_it_was_cut(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive("before")
    async with desk.client.get("/desk/live/queues/all", headers=ann.headers) as answer:
        [lines, _] = await blocks(answer, 2)
    mark = re.search(r"^id: (\d+)", lines)[1]
    second = await desk.arrive("meanwhile")

    again = {**ann.headers, "Last-Event-ID": mark}
    async with desk.client.get("/desk/live/queues/all", headers=again) as answer:
        [lines, _] = await blocks(answer, 2)

    assert f'id="t-{second.ticket_id}"' in lines


async def test_what_left_the_queue_is_told_with_the_name(desk) -> None:
    ann, bob = await desk.hire("Ann"), await desk.hire("Bob")
    await desk.arrive()
    await desk.claim(1, bob)

    async with desk.client.get("/desk/live/queues/unclaimed", headers=ann.headers) as answer:
        [lines, _] = await blocks(answer, 2)

    assert 'data-gone="Claimed by Bob"' in lines


async def test_a_page_of_a_ticket_is_told_what_was_said(desk) -> None:
    ann = await desk.hire("Ann")
    await desk.arrive("first", address="c")
    path = "/desk/live/tickets/1?after=1&seen=9"
    async with desk.client.get(path, headers=ann.headers) as answer:
        await desk.arrive("<i>second</i>", address="c")
        text = "".join(await blocks(answer, 2))

    assert "&lt;i&gt;second" in text
    assert 'id="m-1"' not in text


@pytest.mark.parametrize("mark", ["nonsense", "9" * 40, "1.2.3", "-1", "١"])
async def test_a_mark_that_is_none_of_ours_starts_anew(desk, mark: str) -> None:
    ann = await desk.hire("Ann")
    headers = {**ann.headers, "Last-Event-ID": mark}

    async with desk.client.get("/desk/live/queues/all", headers=headers) as answer:
        assert answer.status == 200
        assert await blocks(answer, 1)


async def test_a_stream_is_for_those_who_are_logged_in(desk) -> None:
    answer = await desk.client.get("/desk/live/counters", headers={"HX-Request": "true"})

    assert answer.status == 401


async def test_streams_end_when_the_process_stops(desk, app) -> None:
    ann = await desk.hire("Ann")
    async with desk.client.get("/desk/live/counters", headers=ann.headers) as answer:
        await blocks(answer, 1)
        app[STREAMS].close()
        await answer.content.read()

    assert app[STREAMS].open == set()
