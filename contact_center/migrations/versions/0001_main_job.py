"""Everything the main job needs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
SEARCH = {
    "sqlite": [
        "CREATE VIRTUAL TABLE message_search USING fts5(tokens, content='', detail=none)",
    ],
    "postgresql": [
        "CREATE TABLE message_search (message_id BIGINT PRIMARY KEY, tokens TSVECTOR NOT NULL)",
        "CREATE INDEX ix_message_search_tokens ON message_search USING gin (tokens)",
    ],
}

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("presence", sa.String(length=32), nullable=False),
        sa.Column("capacity", BigInt, nullable=False),
        sa.Column("skills", Json, nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("telegram_id", sa.String(length=32), nullable=True),
        sa.Column("digest_hour", BigInt, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("email", name=op.f("uq_agents_email")),
        sa.UniqueConstraint("telegram_id", name=op.f("uq_agents_telegram_id")),
    )
    op.create_table(
        "idempotent_answers",
        sa.Column("caller", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", BigInt, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("headers", Json, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotent_answers")),
    )
    with op.batch_alter_table("idempotent_answers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_idempotent_answers_created_at"), ["created_at"], unique=False
        )

    op.create_table(
        "job_runs",
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("lease_until", Moment, nullable=False),
        sa.Column("finished_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_job_runs")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("until", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "teams",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("telegram_chat", sa.String(length=32), nullable=True),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("name", name=op.f("uq_teams_name")),
    )
    op.create_table(
        "uploads",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("uploader", sa.String(length=80), nullable=False),
        sa.Column("storage_key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=200), nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_uploads_storage_key")),
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_uploads_created_at"), ["created_at"], unique=False)

    op.create_table(
        "webhook_endpoints",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("event_kinds", Json, nullable=False),
        sa.Column("secrets", Json, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.Column("manager_id", BigInt, nullable=True),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["manager_id"], ["agents.id"], name=op.f("fk_accounts_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accounts_manager_id"), ["manager_id"], unique=False)

    op.create_table(
        "api_tokens",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_by", BigInt, nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("used_at", Moment, nullable=True),
        sa.Column("expires_at", Moment, nullable=True),
        sa.Column("revoked_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["agents.id"], name=op.f("fk_api_tokens_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_tokens_secret_hash")),
    )
    op.create_table(
        "canned_replies",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("shortcut", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("team_id", BigInt, nullable=True),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_canned_replies_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
        sa.UniqueConstraint("shortcut", name=op.f("uq_canned_replies_shortcut")),
    )
    op.create_table(
        "login_sessions",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_login_sessions_agent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_login_sessions")),
    )
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_sessions_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_login_sessions_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "quarantine",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("files", Json, nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("released_at", Moment, nullable=True),
        sa.Column("released_by", BigInt, nullable=True),
        sa.Column("discard_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["released_by"], ["agents.id"], name=op.f("fk_quarantine_released_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(
            "ix_quarantine_waiting",
            ["id"],
            unique=False,
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )

    op.create_table(
        "team_members",
        sa.Column("team_id", BigInt, nullable=False),
        sa.Column("agent_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_team_members_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "agent_id", name=op.f("pk_team_members")),
    )
    with op.batch_alter_table("team_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_team_members_agent_id"), ["agent_id"], unique=False)

    op.create_table(
        "customers",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("account_id", BigInt, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("blocked_at", Moment, nullable=True),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_customers_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customers_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_customers_email"), ["email"], unique=False)

    op.create_table(
        "identities",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("customer_id", BigInt, nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_identities_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("channel", "address", name=op.f("uq_identities_channel_address")),
    )
    with op.batch_alter_table("identities", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_identities_customer_id"), ["customer_id"], unique=False
        )

    op.create_table(
        "conversations",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("thread", sa.String(length=400), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("customer_id", BigInt, nullable=False),
        sa.Column("identity_id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("dialogue", Json, nullable=False),
        sa.Column("customer_read_id", BigInt, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_conversations_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name=op.f("fk_conversations_identity_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("channel", "thread", name=op.f("uq_conversations_channel_thread")),
    )
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_conversations_customer_id"), ["customer_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_conversations_identity_id"), ["identity_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_conversations_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "tickets",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("public_token", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=998), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("tags", Json, nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("customer_id", BigInt, nullable=False),
        sa.Column("conversation_id", BigInt, nullable=False),
        sa.Column("team_id", BigInt, nullable=True),
        sa.Column("owner_id", BigInt, nullable=True),
        sa.Column("assignee_id", BigInt, nullable=True),
        sa.Column("suggested_owner_id", BigInt, nullable=True),
        sa.Column("follows_id", BigInt, nullable=True),
        sa.Column("merged_into_id", BigInt, nullable=True),
        sa.Column("resolution_code", sa.String(length=32), nullable=True),
        sa.Column("score", BigInt, nullable=True),
        sa.Column("reopen_count", BigInt, nullable=False),
        sa.Column("callback_cycle", BigInt, nullable=False),
        sa.Column("message_count", BigInt, nullable=False),
        sa.Column("event_count", BigInt, nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("waiting_since", Moment, nullable=True),
        sa.Column("first_response_at", Moment, nullable=True),
        sa.Column("next_due_at", Moment, nullable=True),
        sa.Column("breached_at", Moment, nullable=True),
        sa.Column("review_at", Moment, nullable=True),
        sa.Column("resolved_at", Moment, nullable=True),
        sa.Column("closed_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["agents.id"], name=op.f("fk_tickets_assignee_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_tickets_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_tickets_customer_id")
        ),
        sa.ForeignKeyConstraint(["follows_id"], ["tickets.id"], name=op.f("fk_tickets_follows_id")),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["tickets.id"], name=op.f("fk_tickets_merged_into_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["agents.id"], name=op.f("fk_tickets_owner_id")),
        sa.ForeignKeyConstraint(
            ["suggested_owner_id"], ["agents.id"], name=op.f("fk_tickets_suggested_owner_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_tickets_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("public_token", name=op.f("uq_tickets_public_token")),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index(
            "ix_tickets_active",
            ["next_due_at", "id"],
            unique=False,
            sqlite_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
            postgresql_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
        )
        batch_op.create_index(
            "ix_tickets_assignee",
            ["assignee_id", "next_due_at", "id"],
            unique=False,
            sqlite_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
            postgresql_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
        )
        batch_op.create_index(
            "ix_tickets_breached",
            ["next_due_at", "id"],
            unique=False,
            sqlite_where=sa.text(
                "breached_at IS NOT NULL AND status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
            postgresql_where=sa.text(
                "breached_at IS NOT NULL AND status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
        )
        batch_op.create_index(
            batch_op.f("ix_tickets_conversation_id"), ["conversation_id"], unique=False
        )
        batch_op.create_index("ix_tickets_created_at", ["created_at"], unique=False)
        batch_op.create_index("ix_tickets_customer", ["customer_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tickets_follows_id"), ["follows_id"], unique=False)
        batch_op.create_index(
            "ix_tickets_idle",
            ["updated_at"],
            unique=False,
            sqlite_where=sa.text("status = 'bot'"),
            postgresql_where=sa.text("status = 'bot'"),
        )
        batch_op.create_index(
            batch_op.f("ix_tickets_merged_into_id"), ["merged_into_id"], unique=False
        )
        batch_op.create_index(
            "ix_tickets_owner",
            ["owner_id", "next_due_at", "id"],
            unique=False,
            sqlite_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
            postgresql_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
        )
        batch_op.create_index(
            "ix_tickets_queue",
            ["status", "next_due_at", "id"],
            unique=False,
            sqlite_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
            postgresql_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
        )
        batch_op.create_index("ix_tickets_resolved_at", ["resolved_at"], unique=False)
        batch_op.create_index(
            "ix_tickets_review",
            ["review_at"],
            unique=False,
            sqlite_where=sa.text("status IN ('waiting_third_party', 'on_hold')"),
            postgresql_where=sa.text("status IN ('waiting_third_party', 'on_hold')"),
        )
        batch_op.create_index(
            "ix_tickets_team",
            ["team_id", "next_due_at", "id"],
            unique=False,
            sqlite_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
            postgresql_where=sa.text(
                "status <> 'bot' AND status <> 'resolved' AND status <> 'closed' AND status <> 'cancelled'"
            ),
        )
        batch_op.create_index(
            "ix_tickets_uncalled",
            ["id"],
            unique=False,
            sqlite_where=sa.text("status = 'resolved' AND callback_cycle <> reopen_count"),
            postgresql_where=sa.text("status = 'resolved' AND callback_cycle <> reopen_count"),
        )
        batch_op.create_index(
            "ix_tickets_waiting",
            ["next_due_at", "id"],
            unique=False,
            sqlite_where=sa.text(
                "status IN ('waiting_customer', 'waiting_department', 'waiting_third_party', 'on_hold')"
            ),
            postgresql_where=sa.text(
                "status IN ('waiting_customer', 'waiting_department', 'waiting_third_party', 'on_hold')"
            ),
        )

    op.create_table(
        "clocks",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("target", BigInt, nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("stopped_at", Moment, nullable=True),
        sa.Column("breached_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_clocks_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clocks")),
        sa.UniqueConstraint("ticket_id", "kind", name=op.f("uq_clocks_ticket_id_kind")),
    )
    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clocks_broken",
            ["breached_at"],
            unique=False,
            sqlite_where=sa.text("breached_at IS NOT NULL"),
            postgresql_where=sa.text("breached_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_clocks_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )
        batch_op.create_index(
            "ix_clocks_stopped",
            ["stopped_at"],
            unique=False,
            sqlite_where=sa.text("stopped_at IS NOT NULL"),
            postgresql_where=sa.text("stopped_at IS NOT NULL"),
        )

    op.create_table(
        "events",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=True),
        sa.Column("seq", BigInt, nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column(
            "recorded_at", Moment, server_default=sa.text("(CURRENT_TIMESTAMP)"), nullable=False
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_events_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("ticket_id", "seq", name=op.f("uq_events_ticket_id_seq")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_events_alerts",
            ["id"],
            unique=False,
            sqlite_where=sa.text("kind = 'lead.alerted'"),
            postgresql_where=sa.text("kind = 'lead.alerted'"),
        )
        batch_op.create_index("ix_events_at", ["at"], unique=False)
        batch_op.create_index("ix_events_recorded_at", ["recorded_at"], unique=False)

    op.create_table(
        "messages",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("conversation_id", BigInt, nullable=True),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.Column("author_id", BigInt, nullable=True),
        sa.Column("sender", sa.String(length=320), nullable=True),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=400), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=True),
        sa.Column("buttons", Json, nullable=False),
        sa.Column("has_attachments", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_messages_conversation_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_messages_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("uq_messages_channel_external_id")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_conversation", ["conversation_id", "id"], unique=False)
        batch_op.create_index("ix_messages_ticket", ["ticket_id", "id"], unique=False)

    op.create_table(
        "read_marks",
        sa.Column("agent_id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("message_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_read_marks_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_read_marks_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "ticket_id", name=op.f("pk_read_marks")),
    )
    op.create_table(
        "ticket_links",
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("other_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["other_id"], ["tickets.id"], name=op.f("fk_ticket_links_other_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_links_ticket_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", name=op.f("pk_ticket_links")),
    )
    with op.batch_alter_table("ticket_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_links_other_id"), ["other_id"], unique=False)

    op.create_table(
        "arrivals",
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=400), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("ticket_id", BigInt, nullable=True),
        sa.Column("received_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_arrivals_message_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_arrivals_ticket_id")),
        sa.PrimaryKeyConstraint("channel", "external_id", name=op.f("pk_arrivals")),
    )
    with op.batch_alter_table("arrivals", schema=None) as batch_op:
        batch_op.create_index("ix_arrivals_received_at", ["received_at", "outcome"], unique=False)

    op.create_table(
        "attachments",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("message_id", BigInt, nullable=False),
        sa.Column("storage_key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=200), nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_attachments_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_attachments_storage_key")),
    )
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attachments_message_id"), ["message_id"], unique=False)

    op.create_table(
        "callbacks",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=False),
        sa.Column("cycle", BigInt, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("asked_at", Moment, nullable=True),
        sa.Column("answered_at", Moment, nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("score", BigInt, nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_callbacks_message_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_callbacks_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sa.UniqueConstraint("ticket_id", "cycle", name=op.f("uq_callbacks_ticket_id_cycle")),
    )
    with op.batch_alter_table("callbacks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_callbacks_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('planned', 'asked')"),
            postgresql_where=sa.text("state IN ('planned', 'asked')"),
        )
        batch_op.create_index("ix_callbacks_ended_at", ["ended_at"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=False),
        sa.Column("order_key", sa.String(length=400), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("ticket_id", BigInt, nullable=True),
        sa.Column("message_id", BigInt, nullable=True),
        sa.Column("endpoint_id", BigInt, nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("attempts", BigInt, nullable=False),
        sa.Column("max_attempts", BigInt, nullable=False),
        sa.Column("available_at", Moment, nullable=False),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", Moment, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("network_id", sa.String(length=400), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("sent_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_deliveries_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_deliveries_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_deliveries_ticket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_deliveries_idempotency_key")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_deliveries_dead",
            ["id"],
            unique=False,
            sqlite_where=sa.text("status = 'dead'"),
            postgresql_where=sa.text("status = 'dead'"),
        )
        batch_op.create_index(
            "ix_deliveries_due",
            ["available_at", "id"],
            unique=False,
            sqlite_where=sa.text("status IN ('pending', 'leased')"),
            postgresql_where=sa.text("status IN ('pending', 'leased')"),
        )
        batch_op.create_index(
            "ix_deliveries_endpoint",
            ["endpoint_id", "id"],
            unique=False,
            sqlite_where=sa.text("endpoint_id IS NOT NULL"),
            postgresql_where=sa.text("endpoint_id IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_deliveries_message_id"), ["message_id"], unique=False)
        batch_op.create_index(
            "ix_deliveries_order",
            ["order_key", "id"],
            unique=False,
            sqlite_where=sa.text("status IN ('pending', 'leased')"),
            postgresql_where=sa.text("status IN ('pending', 'leased')"),
        )
        batch_op.create_index(batch_op.f("ix_deliveries_ticket_id"), ["ticket_id"], unique=False)
    for statement in SEARCH[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("message_search")
    op.drop_table("deliveries")
    op.drop_table("callbacks")
    op.drop_table("attachments")
    op.drop_table("arrivals")
    op.drop_table("ticket_links")
    op.drop_table("read_marks")
    op.drop_table("messages")
    op.drop_table("events")
    op.drop_table("clocks")
    op.drop_table("tickets")
    op.drop_table("conversations")
    op.drop_table("identities")
    op.drop_table("customers")
    op.drop_table("team_members")
    op.drop_table("quarantine")
    op.drop_table("login_sessions")
    op.drop_table("canned_replies")
    op.drop_table("api_tokens")
    op.drop_table("accounts")
    op.drop_table("webhook_endpoints")
    op.drop_table("uploads")
    op.drop_table("teams")
    op.drop_table("leases")
    op.drop_table("job_runs")
    op.drop_table("idempotent_answers")
    op.drop_table("agents")
