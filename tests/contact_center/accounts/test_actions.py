from contact_center.accounts.models import Account, Tier
from contact_center.agents.models import Role
from contact_center.alerts.queries import alerts_of
from scheduler import sweeps
from tests.support.factories import make_agent


async def test_managers_hear_once_a_week_of_an_a_account_without_a_deputy(
    db, clock, runtime
) -> None:
    async with db.begin() as session:
        boss = await make_agent(session, now=clock(), role=Role.MANAGER)
        session.add(
            Account(name="Water Works", tier=Tier.A, manager_id=boss.id, created_at=clock())
        )
        session.add(Account(name="Corner Shop", tier=Tier.C, created_at=clock()))

    for _ in range(2):
        await sweeps.tell_of_gaps(runtime)
    async with db.read() as session:
        told = await alerts_of(session, boss.id)
    clock.advance(days=7)
    await sweeps.tell_of_gaps(runtime)

    assert [one.facts for one in told] == [{"name": "Water Works", "tier": "A", "gap": "deputy"}]
    async with db.read() as session:
        assert len(await alerts_of(session, boss.id)) == 2
