"""Complaints as a process of their own"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
# Complaints there are already: what is over is closed, what is resolved has been responded to.
OLD = """
    INSERT INTO complaints (
        ticket_id, stage, level, preset, remedy_requested, received_at, next_step, findings,
        answer_quote, extension_reason, downgrade_reason
    )
    SELECT id, CASE WHEN status IN ('closed', 'cancelled') THEN 'closed'
        WHEN status = 'resolved' THEN 'responded' ELSE 'received' END,
        1, 'iso10002_baseline', '', created_at, '', '', '', '', ''
    FROM tickets WHERE kind = 'complaint'
"""
STAGES = """
    UPDATE tickets SET stage = (SELECT stage FROM complaints WHERE ticket_id = tickets.id)
    WHERE kind = 'complaint'
"""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "complaints",
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("level", BigInt, nullable=False),
        sa.Column("preset", sa.String(length=64), nullable=False),
        sa.Column("remedy_requested", sa.Text(), nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("summary_due_at", Moment, nullable=True),
        sa.Column("acknowledged_at", Moment, nullable=True),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("next_at", Moment, nullable=True),
        sa.Column("severity", BigInt, nullable=True),
        sa.Column("safety", BigInt, nullable=True),
        sa.Column("complexity", BigInt, nullable=True),
        sa.Column("impact", BigInt, nullable=True),
        sa.Column("urgency", BigInt, nullable=True),
        sa.Column("assessed_at", Moment, nullable=True),
        sa.Column("handler_id", BigInt, nullable=True),
        sa.Column("root_cause", sa.String(length=64), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("responded_at", Moment, nullable=True),
        sa.Column("answered_at", Moment, nullable=True),
        sa.Column("answer_channel", sa.String(length=64), nullable=True),
        sa.Column("answer_quote", sa.Text(), nullable=False),
        sa.Column("informed_internal_at", Moment, nullable=True),
        sa.Column("informed_external_at", Moment, nullable=True),
        sa.Column("review_declined_at", Moment, nullable=True),
        sa.Column("external_body", sa.String(length=200), nullable=True),
        sa.Column("external_reference", sa.String(length=200), nullable=True),
        sa.Column("external_at", Moment, nullable=True),
        sa.Column("extended_to", Moment, nullable=True),
        sa.Column("extension_reason", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", Moment, nullable=True),
        sa.Column("downgraded_at", Moment, nullable=True),
        sa.Column("downgrade_reason", sa.Text(), nullable=False),
        sa.Column("closed_at", Moment, nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("close_reason", sa.String(length=64), nullable=True),
        sa.Column("keep_until", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["handler_id"], ["agents.id"], name=op.f("fk_complaints_handler_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_complaints_ticket_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_complaints")),
    )
    with op.batch_alter_table("complaints", schema=None) as batch_op:
        batch_op.create_index("ix_complaints_received_at", ["received_at"], unique=False)
        batch_op.create_index(
            "ix_complaints_unfinished",
            ["stage", "ticket_id"],
            unique=False,
            sqlite_where=sa.text("stage <> 'closed' AND downgraded_at IS NULL"),
            postgresql_where=sa.text("stage <> 'closed' AND downgraded_at IS NULL"),
        )

    op.create_table(
        "complaint_decisions",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("level", BigInt, nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("decided_by", BigInt, nullable=False),
        sa.Column("decided_at", Moment, nullable=False),
        sa.Column("approved_by", BigInt, nullable=True),
        sa.Column("approved_at", Moment, nullable=True),
        sa.Column("contents", Json, nullable=False),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("sent_by", BigInt, nullable=True),
        sa.Column("sent_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["agents.id"], name=op.f("fk_complaint_decisions_approved_by")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["agents.id"], name=op.f("fk_complaint_decisions_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_complaint_decisions_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["sent_by"], ["agents.id"], name=op.f("fk_complaint_decisions_sent_by")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["complaints.ticket_id"], name=op.f("fk_complaint_decisions_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_decisions")),
        sa.UniqueConstraint(
            "ticket_id", "level", name=op.f("uq_complaint_decisions_ticket_id_level")
        ),
    )
    op.create_table(
        "complaint_evidence",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("added_by", BigInt, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by"], ["agents.id"], name=op.f("fk_complaint_evidence_added_by")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_complaint_evidence_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["complaints.ticket_id"], name=op.f("fk_complaint_evidence_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_evidence")),
    )
    with op.batch_alter_table("complaint_evidence", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_complaint_evidence_ticket_id"), ["ticket_id"], unique=False
        )

    op.create_table(
        "corrective_actions",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("follows_id", BigInt, nullable=True),
        sa.Column("cycle", BigInt, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("owner_id", BigInt, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("approved_by", BigInt, nullable=True),
        sa.Column("approved_at", Moment, nullable=True),
        sa.Column("done_by", BigInt, nullable=True),
        sa.Column("done_at", Moment, nullable=True),
        sa.Column("done_note", sa.Text(), nullable=False),
        sa.Column("checked_by", BigInt, nullable=True),
        sa.Column("checked_at", Moment, nullable=True),
        sa.Column("effective", sa.Boolean(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("closed_by", BigInt, nullable=True),
        sa.Column("closed_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["agents.id"], name=op.f("fk_corrective_actions_approved_by")
        ),
        sa.ForeignKeyConstraint(
            ["checked_by"], ["agents.id"], name=op.f("fk_corrective_actions_checked_by")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["agents.id"], name=op.f("fk_corrective_actions_closed_by")
        ),
        sa.ForeignKeyConstraint(
            ["done_by"], ["agents.id"], name=op.f("fk_corrective_actions_done_by")
        ),
        sa.ForeignKeyConstraint(
            ["follows_id"], ["corrective_actions.id"], name=op.f("fk_corrective_actions_follows_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["agents.id"], name=op.f("fk_corrective_actions_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["complaints.ticket_id"], name=op.f("fk_corrective_actions_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrective_actions")),
    )
    with op.batch_alter_table("corrective_actions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_corrective_actions_state", ["state", "due_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_corrective_actions_ticket_id"), ["ticket_id"], unique=False
        )

    op.create_table(
        "redress_items",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("amount", BigInt, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("proposed_by", BigInt, nullable=False),
        sa.Column("decided_by", BigInt, nullable=True),
        sa.Column("provided_by", BigInt, nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("decided_at", Moment, nullable=True),
        sa.Column("provided_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["agents.id"], name=op.f("fk_redress_items_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["agents.id"], name=op.f("fk_redress_items_proposed_by")
        ),
        sa.ForeignKeyConstraint(
            ["provided_by"], ["agents.id"], name=op.f("fk_redress_items_provided_by")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["complaints.ticket_id"], name=op.f("fk_redress_items_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redress_items")),
    )
    with op.batch_alter_table("redress_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_redress_items_ticket_id"), ["ticket_id"], unique=False)

    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stage", sa.String(length=64), nullable=True))
    op.execute(OLD)
    op.execute(STAGES)


def downgrade() -> None:
    op.drop_column("tickets", "stage")
    op.drop_table("redress_items")
    op.drop_table("corrective_actions")
    op.drop_table("complaint_evidence")
    op.drop_table("complaint_decisions")
    op.drop_table("complaints")
