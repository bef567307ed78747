"""How customers are reached without any network of ours: a person speaks, or writes, to them."""

from enum import StrEnum


class Medium(StrEnum):
    """Also the channel of what is written down."""

    PHONE = "phone"
    VISIT = "visit"
    FAX = "fax"
    LETTER = "letter"


def needs_a_person(channel: str) -> bool:
    """Whether nothing leaves there by itself: what is written down has been said already."""
    return channel in set(Medium)
