"""A period as a condition: one index range."""

from typing import Any

from sqlalchemy import ColumnElement, and_

from contact_center.reports.models import Period


def within(column: Any, period: Period) -> ColumnElement[bool]:
    return and_(column >= period.start, column < period.end)
