"""The house of the work orders: a ticket that Li has answered, and two departments."""

from tests.contact_center.work_orders.conftest import (
    bill,
    billing,
    lead,
    li,
    ned,
    network,
    order,
    ticket,
)

__all__ = ["bill", "billing", "lead", "li", "ned", "network", "order", "ticket"]
