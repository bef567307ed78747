from contact_center.agents.models import Role

TIMES = {"starts_at": "2026-03-02T11:00", "ends_at": "2026-03-06T18:00"}  # NOON is on the 2nd


async def test_g29_an_absence_is_planned_at_the_desk_and_the_deputy_takes_over(desk) -> None:
    li, chen = await desk.hire("Li"), await desk.hire("Chen")
    await desk.arrive()
    await desk.claim(1, li)

    status, _ = await desk.send("/desk/absences", li, deputy=str(chen.agent.id), **TIMES)
    queue = await desk.page("/desk/queues/mine", chen)
    ticket = await desk.page("/desk/tickets/1", chen)
    own = await desk.page("/desk/absences", chen)

    assert status == 200
    assert "→ Chen" in queue
    assert '<dd class="acting">Chen</dd>' in ticket
    assert "You stand in for: Li" in own
    assert (await desk.send("/desk/absences/1/end", chen))[0] == 403
    assert (await desk.send("/desk/absences/1/end", li))[0] == 200
    assert "T-000001" not in await desk.page("/desk/queues/mine", chen)


async def test_leads_plan_absences_for_others_and_refusals_are_explained(desk) -> None:
    lead, li = await desk.hire("Lee", Role.LEAD), await desk.hire("Li", language="zh")
    number = str(li.agent.id)

    forbidden, _ = await desk.send("/desk/absences", li, agent=str(lead.agent.id), **TIMES)
    nobody, why = await desk.send("/desk/absences", li, **TIMES)
    done, _ = await desk.send(
        "/desk/absences", lead, agent=number, deputy=str(lead.agent.id), **TIMES
    )
    taken, words = await desk.send("/desk/tickets/1/claim", li) if await desk.arrive() else (0, "")

    assert (forbidden, nobody, done, taken) == (403, 422, 200, 409)
    assert "请指定 Li 的代理人。" in why
    assert "Li 缺勤，由 Lee 代理" in words


async def test_a_usual_deputy_is_chosen(desk) -> None:
    li, chen = await desk.hire("Li"), await desk.hire("Chen")

    await desk.send("/desk/deputy", li, deputy=str(chen.agent.id))

    assert f'<option value="{chen.agent.id}" selected>Chen' in await desk.page("/desk/absences", li)
