"""Customers over HTTP."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contact_center.customers import actions, queries
from contact_center.customers.models import Customer
from contact_center.errors import Invalid
from contact_center.events.rules import Actor
from contact_center.web.arguments import Id
from contact_center.web.bodies import Body, Edit
from contact_center.web.call import Call
from contact_center.web.paging import Cursor, Limit, Page, page_of, read_cursor
from contact_center.web.permissions import Permission
from contact_center.web.routes import Routes

routes = Routes("customers")
READ, WRITE = Permission.CUSTOMERS_READ, Permission.CUSTOMERS_WRITE

Query = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=320),
    Field(description="a part of the name, or a whole address or number"),
]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class CustomerView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    account_id: int | None
    name: str
    email: str | None
    phone: str | None
    language: str
    note: str
    blocked_at: datetime | None
    version: int
    created_at: datetime


class IdentityView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    channel: str
    address: str
    name: str = Field(description="as the network gave it")
    verified: bool = Field(description="the network vouches for the address")
    created_at: datetime


class CustomerEdit(Edit):
    nullable: ClassVar[frozenset[str]] = frozenset({"account_id", "email", "phone"})

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)] | None = None
    phone: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    language: Literal["en", "zh"] | None = None
    note: Annotated[str, Field(max_length=20_000)] | None = None
    account_id: Id | None = None


class Block(Body):
    reason: Reason


@routes.get("/customers", permission=READ)
async def list_customers(
    call: Call,
    query: Query | None = None,
    account_id: Id | None = None,
    after: Cursor | None = None,
    limit: Limit = 50,
) -> Page[CustomerView]:
    """List customers: all, those of an account, or those that match a query."""
    (last,) = read_cursor(after, int) or (0,)
    if query is None:
        rows = await queries.page_of_customers(
            call.session, after=last, limit=limit + 1, account_id=account_id
        )
    elif account_id is None:
        rows = await queries.search_customers(call.session, query, after=last, limit=limit + 1)
    else:
        raise Invalid(code="customer.query_or_account")
    return page_of(rows, limit=limit, key=lambda row: (row.id,), show=CustomerView.model_validate)


@routes.get("/customers/{customer_id}", permission=READ)
async def show_customer(call: Call, customer_id: Id) -> CustomerView:
    """Show a customer."""
    return _show(call, await queries.get_customer(call.session, customer_id))


@routes.patch("/customers/{customer_id}", permission=WRITE, if_match="optional")
async def edit_customer(call: Call, customer_id: Id, body: CustomerEdit) -> CustomerView:
    """Edit what is known of a customer."""
    customer = await _seen(call, customer_id)
    changes = body.changes()
    if changes.get("email"):
        changes["email"] = changes["email"].lower()
    await actions.edit_customer(call.session, customer, changes=changes, by=_by(call), now=call.now)
    return _show(call, customer)


@routes.put("/customers/{customer_id}/block", permission=WRITE, if_match="optional")
async def block_customer(call: Call, customer_id: Id, body: Block) -> CustomerView:
    """Block a customer: what they write from now on is kept in quarantine."""
    customer = await _seen(call, customer_id)
    await actions.block(call.session, customer, reason=body.reason, by=_by(call), now=call.now)
    return _show(call, customer)


@routes.delete("/customers/{customer_id}/block", permission=WRITE, status=200, if_match="optional")
async def unblock_customer(call: Call, customer_id: Id) -> CustomerView:
    """Let a customer write to us again."""
    customer = await _seen(call, customer_id)
    await actions.unblock(call.session, customer, by=_by(call), now=call.now)
    return _show(call, customer)


@routes.get("/customers/{customer_id}/identities", permission=READ)
async def list_identities(call: Call, customer_id: Id) -> list[IdentityView]:
    """List the addresses a customer writes from."""
    await queries.get_customer(call.session, customer_id)
    found = await queries.identities_of(call.session, customer_id)
    return [IdentityView.model_validate(identity) for identity in found]


async def _seen(call: Call, customer_id: int) -> Customer:
    """The customer in the version the caller has seen. Raises NotFound, Stale."""
    customer = await queries.lock_customer(call.session, customer_id)
    call.check_version(customer.version)
    return customer


def _by(call: Call) -> Actor:
    return Actor(call.principal.actor)


def _show(call: Call, customer: Customer) -> CustomerView:
    call.show_version(customer.version)
    return CustomerView.model_validate(customer)
