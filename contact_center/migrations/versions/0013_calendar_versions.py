"""An edit of a calendar may be taken back: then an earlier definition holds again"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = "pk_calendar_versions"
AGAIN = """
DELETE FROM calendar_versions WHERE EXISTS (
    SELECT 1 FROM calendar_versions AS later
    WHERE later.name = calendar_versions.name AND later.digest = calendar_versions.digest
    AND later.effective_from > calendar_versions.effective_from
)
"""


def upgrade() -> None:
    _key("name", "effective_from")


def downgrade() -> None:
    op.execute(AGAIN)
    _key("name", "digest")


def _key(*columns: str) -> None:
    with op.batch_alter_table("calendar_versions") as batch:
        batch.drop_constraint(KEY, type_="primary")
        batch.create_primary_key(op.f(KEY), list(columns))
