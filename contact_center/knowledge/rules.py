"""Pure decisions about what agents need not write twice."""

import re
from collections.abc import Mapping


def fill_in(template: str, *, values: Mapping[str, str]) -> str:
    """A canned reply with {customer}, {agent} and {reference}; other braces stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), template)
