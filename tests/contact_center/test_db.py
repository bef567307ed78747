"""What all tables share."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError


async def test_an_error_of_the_database_does_not_repeat_what_customers_wrote(db) -> None:
    with pytest.raises(DBAPIError) as failed:
        async with db.begin() as session:
            await session.execute(text("SELECT nothing_like_it, :said"), {"said": "my secret"})

    assert "my secret" not in str(failed.value)


async def test_nor_does_an_error_while_reading(db) -> None:
    with pytest.raises(DBAPIError) as failed:
        async with db.read() as session:
            await session.execute(text("SELECT nothing_like_it, :said"), {"said": "my secret"})

    assert "my secret" not in str(failed.value)
