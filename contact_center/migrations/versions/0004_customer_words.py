"""Customers are found by the beginnings of their words"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from contact_center.search import name_tokens

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Token = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")
STEP = 5_000  # customers
KNOWN = """
SELECT id, name, coalesce(email, ''), coalesce(phone, '') FROM customers
WHERE id > :after AND id <= :last
UNION ALL
SELECT customer_id, name, address, '' FROM identities
WHERE customer_id > :after AND customer_id <= :last
"""


def upgrade() -> None:
    words = op.create_table(
        "customer_words",
        sa.Column("token", Token, nullable=False),
        sa.Column("customer_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_words_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token", "customer_id", name=op.f("pk_customer_words")),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    for rows in _rows(connection):
        connection.execute(sa.insert(words), rows)
    op.create_index("ix_customer_words_customer", "customer_words", ["customer_id", "token"])


def downgrade() -> None:
    op.drop_table("customer_words")


def _rows(connection: sa.Connection) -> Iterator[list[dict[str, object]]]:
    highest = connection.scalar(sa.text("SELECT max(id) FROM customers")) or 0
    for after in range(0, highest, STEP):
        known = connection.execute(sa.text(KNOWN), {"after": after, "last": after + STEP})
        found = {
            (token, number)
            for number, *texts in known
            for text in texts
            for token in name_tokens(text)
        }
        if found:
            yield [{"token": token, "customer_id": number} for token, number in sorted(found)]
