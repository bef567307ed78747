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
from contact_center.complaints.queries.past import (
    delete_file,
    files_to_delete,
    is_to_delete,
    past_complaints,
)

__all__ = [
    "Entry",
    "Filter",
    "Unanswered",
    "actions_of",
    "case_of",
    "decisions_of",
    "delete_file",
    "evidence_of",
    "file_row",
    "files_to_delete",
    "find_complaint",
    "get_action",
    "get_redress",
    "insert_complaints",
    "insert_missing",
    "is_external",
    "is_to_delete",
    "lock_case",
    "move_hangings",
    "page_of_actions",
    "past_complaints",
    "redress_of",
    "register",
    "unanswered",
    "view_case",
]
