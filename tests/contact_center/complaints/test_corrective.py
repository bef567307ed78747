from datetime import timedelta

import pytest

from contact_center.complaints import queries
from contact_center.complaints.actions import corrective
from contact_center.complaints.models import ActionState
from contact_center.errors import Conflict, Forbidden, Invalid


async def propose(file, **fields):
    values = {
        "cause": "Kettles crack",
        "plan": "Test every batch",
        "measure": "Cracks per 1,000, now 9",
        "owner_id": file.bob.id,
        "due_at": file.clock() + timedelta(days=30),
        "turn": file.by(file.ann),
    }
    return await corrective.propose(file.session, file.id, **values | fields)


async def step(file, name, action, by, **details):
    return await getattr(corrective, name)(file.session, action.id, turn=file.by(by), **details)


async def done(file):
    action = await propose(file)
    await step(file, "approve", action, file.lee)
    return await step(file, "finish", action, file.bob, note_="Tested")


async def test_a_plan_says_what_and_how_it_will_be_checked(file) -> None:
    with pytest.raises(Invalid, match="measure is missing"):
        await propose(file, measure=" ")
    with pytest.raises(Invalid, match="in the future"):
        await propose(file, due_at=file.clock())


async def test_somebody_else_approves_and_a_lead_at_least(file) -> None:
    action = await propose(file, turn=file.by(file.lee))
    with pytest.raises(Forbidden, match="somebody else"):
        await step(file, "approve", action, file.lee)
    with pytest.raises(Forbidden, match="a lead"):
        await step(file, "approve", action, file.bob)

    await step(file, "approve", action, file.max)

    assert action.state is ActionState.APPROVED


async def test_it_cannot_be_closed_unchecked(file) -> None:
    action = await done(file)

    with pytest.raises(Conflict, match="it cannot become closed"):
        await step(file, "close", action, file.lee)


async def test_somebody_else_checks(file) -> None:
    action = await done(file)
    with pytest.raises(Forbidden, match="somebody else"):
        await step(file, "check", action, file.bob, effective=True, result="2 per 1,000")

    await step(file, "check", action, file.ann, effective=True, result="2 per 1,000")
    await step(file, "close", action, file.lee)

    assert (action.state, action.effective) == (ActionState.CLOSED, True)
    assert len(await queries.actions_of(file.session, file.id)) == 1


async def test_what_did_not_help_begins_a_new_cycle(file) -> None:
    action = await done(file)

    await step(file, "check", action, file.ann, effective=False, result="still 9")

    first, again = await queries.actions_of(file.session, file.id)
    assert (first.state, first.effective) == (ActionState.CHECKED, False)
    assert (again.state, again.cycle, again.follows_id) == (ActionState.PROPOSED, 2, first.id)


async def test_it_outlives_the_complaint(file) -> None:
    action = await propose(file)
    await file.to_response()
    await file.answer(accepted=True)
    await file.close()

    await step(file, "approve", action, file.lee)

    assert action.state is ActionState.APPROVED


async def test_no_state_is_left_out(file) -> None:
    action = await propose(file)

    for name, details in (
        ("finish", {"note_": ""}),
        ("check", {"effective": True, "result": "x"}),
        ("close", {}),
    ):
        with pytest.raises(Conflict):
            await step(file, name, action, file.lee, **details)
