"""The summary letter of a complaint that was accepted early"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaints", sa.Column("summary_contents", Json, nullable=True))
    # Added in place: a copy of the table would be refused where rows refer to it.
    key = sa.ForeignKey("messages.id", name="fk_complaints_summary_message_id")
    message = sa.Column("summary_message_id", BigInt, key, nullable=True)
    op.add_column("complaints", message, inline_references=True)
    op.add_column("complaints", sa.Column("summary_sent_at", Moment, nullable=True))


def downgrade() -> None:
    for column in ("summary_sent_at", "summary_message_id", "summary_contents"):
        op.drop_column("complaints", column)
