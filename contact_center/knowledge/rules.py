"""Pure decisions about what agents need not write twice."""

import re
from collections.abc import Mapping

from contact_center.errors import Invalid


def fill_in(template: str, *, values: Mapping[str, str]) -> str:
    """A canned reply with {customer}, {agent} and {reference}; other braces stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), template)


def check_shortcut(shortcut: str) -> str:
    """What is typed after the slash, in any script. Raises Invalid."""
    cleaned = shortcut.strip().lstrip("/").lower()
    if not re.fullmatch(r"[\w-]{1,40}", cleaned):
        raise Invalid(code="reply.shortcut")
    return cleaned
