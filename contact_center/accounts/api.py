"""Accounts over HTTP: companies, their tier and who looks after them."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field, StringConstraints

from contact_center.accounts import actions, queries
from contact_center.accounts.models import Account, Tier
from contact_center.accounts.rules import Gap, gaps
from contact_center.events.rules import Actor
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body, Edit
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("accounts")
READ, WRITE = Permission.CUSTOMERS_READ, Permission.ACCOUNTS_WRITE

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class AccountView(BaseModel):
    id: int
    name: str
    tier: Tier
    manager_id: int | None = Field(description="the agent who looks after it")
    deputy_id: int | None = Field(description="who stands in for the manager")
    specialist_id: int | None = Field(description="whom its customers are given first, in tier B")
    gaps: list[Gap] = Field(description="which people it needs by its tier, and lacks")
    version: int
    created_at: datetime


class NewAccount(Body):
    name: Name
    tier: Tier = Tier.NONE
    manager_id: Id | None = None
    deputy_id: Id | None = None
    specialist_id: Id | None = None


class AccountEdit(Edit):
    nullable: ClassVar[frozenset[str]] = frozenset({"manager_id", "deputy_id", "specialist_id"})

    name: Name | None = None
    tier: Tier | None = None
    manager_id: Id | None = None
    deputy_id: Id | None = None
    specialist_id: Id | None = None


@routes.get("/accounts", permission=READ)
async def list_accounts(
    call: Call,
    tier: Tier | None = None,
    manager_id: Id | None = None,
    after: Cursor | None = None,
    limit: Limit = 50,
) -> Page[AccountView]:
    """List accounts."""
    (last,) = read_cursor(after, int) or (0,)
    rows = await queries.page_of_accounts(
        call.session, after=last, limit=limit + 1, tier=tier, manager_id=manager_id
    )
    active = await queries.active_people(call.session, rows)
    return page_of(
        rows, limit=limit, key=lambda account: (account.id,), show=lambda one: _view(one, active)
    )


@routes.post("/accounts", permission=WRITE, errors=(404, 409), idempotent=True)
async def add_account(call: Call, body: NewAccount) -> AccountView:
    """Add an account."""
    account = await actions.add_account(
        call.session, values=body.model_dump(), by=_by(call), now=call.now
    )
    call.headers["Location"] = f"/api/v1/accounts/{account.id}"
    return await _show(call, account)


@routes.get("/accounts/{account_id}", permission=READ)
async def show_account(call: Call, account_id: Id) -> AccountView:
    """Show an account."""
    return await _show(call, await queries.get_account(call.session, account_id))


@routes.patch("/accounts/{account_id}", permission=WRITE, errors=(409,), if_match="optional")
async def edit_account(call: Call, account_id: Id, body: AccountEdit) -> AccountView:
    """Edit an account."""
    account = await queries.get_account(call.session, account_id)
    call.check_version(account.version)
    await actions.edit_account(
        call.session, account, changes=body.changes(), by=_by(call), now=call.now
    )
    return await _show(call, account)


@routes.delete("/accounts/{account_id}", permission=WRITE, errors=(409,))
async def delete_account(call: Call, account_id: Id) -> None:
    """Delete an account that has no customers."""
    account = await queries.get_account(call.session, account_id)
    await actions.delete_account(call.session, account, by=_by(call), now=call.now)


def _by(call: Call) -> Actor:
    return Actor(call.principal.actor)


async def _show(call: Call, account: Account) -> AccountView:
    call.show_version(account.version)
    return _view(account, await queries.active_people(call.session, [account]))


def _view(account: Account, active: Collection[int]) -> AccountView:
    known = {name: getattr(account, name) for name in AccountView.model_fields if name != "gaps"}
    return AccountView(**known, gaps=gaps(account, active=active))
