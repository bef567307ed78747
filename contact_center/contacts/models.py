"""How customers reach us without any network of ours: an agent writes it down."""

from enum import StrEnum


class Medium(StrEnum):
    """Also the channel of what is written down."""

    PHONE = "phone"
    VISIT = "visit"
    FAX = "fax"
    LETTER = "letter"
