"""Pure decisions about messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contact_center.errors import Invalid
from contact_center.search import tokens
from contact_center.storage import StoredFile


def search_terms(text: str) -> list[str]:
    """What a message must contain, all of it. Raises Invalid when there is nothing to look for."""
    terms = list(dict.fromkeys(tokens(text)))[:12]
    if not terms:
        raise Invalid("there is no word to search for: type at least one letter or number")
    return terms


def attachment_rows(
    message_id: int, files: Sequence[StoredFile], *, now: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "message_id": message_id,
            "storage_key": file.key,
            "name": file.name,
            "content_type": file.content_type,
            "size": file.size,
            "sha256": file.sha256,
            "created_at": now,
        }
        for file in files
    ]
