from contact_center.alerts.actions import alert


async def told(runtime, *agents, key: str = "k", **facts) -> None:
    async with runtime.db.begin() as session:
        await alert(
            session,
            to=[agent.id for agent in agents],
            kind="not_solved",
            facts={"score": 1, **facts},
            key=key,
            now=runtime.now(),
        )


async def test_everybody_sees_their_own_alerts_in_their_language(login, runtime) -> None:
    ann, li = await login(), await login(language="zh")
    await told(runtime, ann.agent, li.agent)

    mine = (await (await ann.get("/api/v1/me/alerts")).json())["items"]
    hers = (await (await li.get("/api/v1/me/alerts?unread=true")).json())["items"]

    assert mine[0]["text"].startswith("– is not solved")
    assert "未解决" in hers[0]["text"]
    assert (mine[0]["kind"], mine[0]["facts"], mine[0]["read_at"]) == (
        "not_solved",
        {"score": 1},
        None,
    )


async def test_alerts_are_marked_as_read(login, runtime) -> None:
    ann = await login()
    for key in ("a", "b", "c"):
        await told(runtime, ann.agent, key=key)
    newest, middle, _ = (await (await ann.get("/api/v1/me/alerts")).json())["items"]

    one = await ann.put(f"/api/v1/me/alerts/{newest['id']}/reading")
    rest = await ann.put("/api/v1/me/alerts/reading", json={"up_to": middle["id"]})

    assert (await one.json())["read_at"] is not None
    assert await rest.json() == {"marked": 2}
    left = await (await ann.get("/api/v1/me/alerts?unread=true")).json()
    assert left["items"] == []


async def test_nobody_reads_what_somebody_else_was_told(login, runtime) -> None:
    ann, bob = await login(), await login()
    await told(runtime, ann.agent)
    [alert_] = (await (await ann.get("/api/v1/me/alerts")).json())["items"]

    answer = await bob.put(f"/api/v1/me/alerts/{alert_['id']}/reading")

    assert answer.status == 404
