"""The suppression list, and the state of messages to an address on it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BEFORE = "state IN ('waiting', 'sent', 'failed')"
AFTER = "state IN ('waiting', 'sent', 'failed', 'suppressed')"


def upgrade() -> None:
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason IN ('bounce', 'complaint', 'unsubscribe', 'operator')", name=op.f("ck_suppressions_reason")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("address_index", name=op.f("uq_suppressions_address_index")),
    )
    _replace_check(BEFORE, AFTER)


def downgrade() -> None:
    op.execute("UPDATE outbox SET state = 'failed' WHERE state = 'suppressed'")
    _replace_check(AFTER, BEFORE)
    op.drop_table("suppressions")


def _replace_check(old: str, new: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(old, new)
    else:
        op.drop_constraint(op.f("ck_outbox_state"), "outbox", type_="check")
        op.create_check_constraint(op.f("ck_outbox_state"), "outbox", new)


def _rebuild(old: str, new: str) -> None:
    # SQLite's DROP TABLE deletes the rows first, and the attempts with them: foreign keys cannot be switched off
    # inside a transaction, and the rebuild must not run outside of one
    op.execute("CREATE TEMPORARY TABLE kept_attempts AS SELECT * FROM delivery_attempts")
    with op.batch_alter_table("outbox", recreate="always", copy_from=_outbox(old)) as table:
        table.drop_constraint(op.f("ck_outbox_state"), type_="check")
        table.create_check_constraint(op.f("ck_outbox_state"), new)
    op.execute("INSERT INTO delivery_attempts SELECT * FROM kept_attempts")
    op.execute("DROP TABLE kept_attempts")


def _outbox(check: str) -> sa.Table:
    held = sa.text("digest_id IS NOT NULL")
    return sa.Table(
        "outbox",
        sa.MetaData(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=True),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("target_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("digest_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("channel IN ('mail', 'webhook')", name=op.f("ck_outbox_channel")),
        sa.CheckConstraint(check, name=op.f("ck_outbox_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.Index("ix_outbox_about", "about"),
        sa.Index("ix_outbox_due", "state", "priority", "next_attempt_at"),
        sa.Index("ix_outbox_target", "target_index", "priority", "state", "next_attempt_at"),
        sa.Index("ix_outbox_digest", "digest_id", sqlite_where=held, postgresql_where=held),
    )
