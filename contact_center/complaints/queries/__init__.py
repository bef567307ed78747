"""Every SQL statement about complaints.

Whoever changes anything of a complaint has locked its ticket: that lock guards all its rows.
"""

from contact_center.complaints.queries.cases import (
    Unanswered,
    case_of,
    decisions_of,
    evidence_of,
    file_row,
    find_complaint,
    get_redress,
    insert_complaints,
    insert_missing,
    is_external,
    lock_case,
    move_hangings,
    redress_of,
    unanswered,
    view_case,
)
from contact_center.complaints.queries.corrective import actions_of, get_action, page_of_actions
from contact_center.complaints.queries.listing import Entry, Filter, register

__all__ = [
    "Entry",
    "Filter",
    "Unanswered",
    "actions_of",
    "case_of",
    "decisions_of",
    "evidence_of",
    "file_row",
    "find_complaint",
    "get_action",
    "get_redress",
    "insert_complaints",
    "insert_missing",
    "is_external",
    "lock_case",
    "move_hangings",
    "page_of_actions",
    "redress_of",
    "register",
    "unanswered",
    "view_case",
]
