"""What a team has promised for work of some kind, by the policies that hold now."""

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts.queries import accounts_by_id
from contact_center.agents.queries import get_team
from contact_center.customers.queries import get_customer
from contact_center.errors import Invalid
from contact_center.policies.choosing import Policies
from contact_center.policies.terms import Facts
from contact_center.tickets.models import Ticket
from contact_center.work_orders.actions.issuing import Asked
from contact_center.work_orders.rules import Visit


async def ask(
    session: AsyncSession,
    ticket: Ticket,
    policies: Policies,
    *,
    kind: str,
    team_id: int,
    task: str,
    is_blocking: bool = True,
    visit: Visit | None = None,
) -> Asked:
    """Raises Invalid for work of a kind that nobody has promised anything for."""
    found = policies.work_order_types.get(kind)
    if found is None:
        known = ", ".join(sorted(policies.work_order_types)) or "none"
        raise Invalid(code="work_order.no_such_kind", order_kind=kind, known=known)
    team = await get_team(session, team_id)
    tier = await _tier(session, ticket)
    sign_for, finish = found.targets(ticket.priority.value)
    facts = Facts(
        kind=ticket.kind.value,
        tier=tier,
        priority=ticket.priority.value,
        channel=ticket.channel,
        category=ticket.category,
        team=team.name,
    )
    return Asked(
        kind=found.id,
        team_id=team.id,
        task=task,
        sign_for=policies.scaled(sign_for, tier),
        finish=policies.scaled(finish, tier),
        calendar=policies.hours_of(facts),
        policy_version=policies.version,
        is_blocking=is_blocking,
        is_visit=found.visit,
        visit=visit,
    )


async def _tier(session: AsyncSession, ticket: Ticket) -> str | None:
    customer = await get_customer(session, ticket.customer_id)
    account = (await accounts_by_id(session, [customer.account_id])).get(customer.account_id or 0)
    return account.tier.value if account else None
