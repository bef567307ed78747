from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from contact_center.web.timestamps import Timestamp

TIMESTAMP = TypeAdapter(Timestamp)


@pytest.mark.parametrize("written", ["2026-03-02T12:00:00Z", "2026-03-02T20:00:00+08:00"])
def test_a_moment_is_written_with_its_zone(written) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)

    assert TIMESTAMP.validate_python(written) == noon
    assert TIMESTAMP.validate_json(f'"{written}"', strict=True) == noon


@pytest.mark.parametrize(
    "value",
    [
        *("0", "1772452800", "2026-03-02", "2026-03-02T12:00:00", "tomorrow", ""),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-13-02T12:00:00Z"),
        *(0, 1.5, True, None),
    ],
)
def test_what_leaves_room_for_doubt_is_refused(value) -> None:
    with pytest.raises(ValidationError):
        TIMESTAMP.validate_python(value)
