"""The register as a file for spreadsheets."""

import csv
import io

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.queries import agent_names
from contact_center.complaints import queries
from contact_center.complaints.queries import Entry, Filter
from contact_center.complaints.rules.authority import shown
from contact_center.complaints.rules.words import cell

MOST = 20_000  # lines of one file
PAGE = 1000
COLUMNS = (
    "reference",
    "received_at",
    "channel",
    "subject",
    "remedy_requested",
    "stage",
    "level",
    "owner",
    "handler",
    "severity",
    "safety",
    "complexity",
    "impact",
    "urgency",
    "root_cause",
    "outcome",
    "redress",
    "acknowledged_at",
    "responded_at",
    "answered_at",
    "answer_channel",
    "external_body",
    "external_reference",
    "close_reason",
    "closed_at",
    "keep_until",
)


async def register_file(session: AsyncSession, wanted: Filter) -> str:
    """The newest first, at most `MOST` lines; with the mark spreadsheets know UTF-8 by."""
    file = io.StringIO()
    writer = csv.writer(file)
    file.write("\ufeff")
    writer.writerow(COLUMNS)
    before: int | None = None
    for _ in range(MOST // PAGE):
        entries = await queries.register(session, wanted, before=before, limit=PAGE)
        staff = {n for e in entries for n in (e.ticket.owner_id, e.complaint.handler_id)}
        names = await agent_names(session, staff)
        writer.writerows([cell(value) for value in _cells(e, names)] for e in entries)
        if len(entries) < PAGE:
            break
        before = entries[-1].ticket.id
    return file.getvalue()


def _cells(entry: Entry, names: dict[int, str]) -> list[object]:
    ticket, complaint = entry.ticket, entry.complaint
    known: dict[str, object] = {
        "reference": ticket.reference,
        "channel": ticket.channel,
        "subject": ticket.subject,
        "owner": names.get(ticket.owner_id or 0),
        "handler": names.get(complaint.handler_id or 0),
        "outcome": entry.decision.outcome if entry.decision else None,
        "redress": shown(entry.granted).replace(",", ""),
    }
    return [known[name] if name in known else getattr(complaint, name) for name in COLUMNS]
