"""What can be done with a ticket. Callers own the transaction.

Every action locks the ticket, checks, changes, and says so in the log. `by` is who does it.
"""

from contact_center.tickets.actions.allowing import (
    acting_agent,
    check_may_act,
    check_not_recused,
    hold_acting_agent,
    hold_receiver,
    number_of,
)
from contact_center.tickets.actions.answering import expect_answer, need_no_reply, note_answer
from contact_center.tickets.actions.breaking import note_breaches, note_breaches_of
from contact_center.tickets.actions.editing import edit
from contact_center.tickets.actions.moving import end, put_into_queue
from contact_center.tickets.actions.standing import (
    abandon,
    cancel,
    close,
    reopen,
    resolve,
    resume,
    review,
    wait,
)
from contact_center.tickets.actions.taking import assign, change_owner, claim, release, transfer
from contact_center.tickets.actions.telling import say, tell, touch

__all__ = [
    "abandon",
    "acting_agent",
    "assign",
    "cancel",
    "change_owner",
    "check_may_act",
    "check_not_recused",
    "claim",
    "close",
    "edit",
    "end",
    "expect_answer",
    "hold_acting_agent",
    "hold_receiver",
    "need_no_reply",
    "note_answer",
    "note_breaches",
    "note_breaches_of",
    "number_of",
    "put_into_queue",
    "release",
    "reopen",
    "resolve",
    "resume",
    "review",
    "say",
    "tell",
    "touch",
    "transfer",
    "wait",
]
