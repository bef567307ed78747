"""Every SQL statement about tickets."""

from contact_center.tickets.queries.due import (
    Late,
    lock_abandoned,
    lock_due_for_review,
    lock_free_tickets,
    overdue,
    put_off_review,
)
from contact_center.tickets.queries.queues import (
    Queue,
    in_queue,
    queue_page,
    queue_size,
    queued_ticket_ids,
    stands_in_for,
    unclaimed_before,
)
from contact_center.tickets.queries.records import (
    about_agent,
    answering_for,
    answering_for_each,
    claim_ticket,
    get_ticket,
    lock_ticket,
    move_tickets,
    owned_tickets,
    tickets_by_id,
    tickets_of_customer,
)
from contact_center.tickets.queries.sight import check_may_see, hidden_among, seen_by, visible_to

__all__ = [
    "Late",
    "Queue",
    "about_agent",
    "answering_for",
    "answering_for_each",
    "check_may_see",
    "claim_ticket",
    "get_ticket",
    "hidden_among",
    "in_queue",
    "lock_abandoned",
    "lock_due_for_review",
    "lock_free_tickets",
    "lock_ticket",
    "move_tickets",
    "overdue",
    "owned_tickets",
    "put_off_review",
    "queue_page",
    "queue_size",
    "queued_ticket_ids",
    "seen_by",
    "stands_in_for",
    "tickets_by_id",
    "tickets_of_customer",
    "unclaimed_before",
    "visible_to",
]
