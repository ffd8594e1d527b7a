"""Priorities of messages, and the digest that holds a message back."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("digest_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE outbox SET priority = 1 WHERE kind = 'submission'")
    op.drop_index("ix_outbox_due", "outbox")
    op.drop_index("ix_outbox_kind", "outbox")
    op.create_index("ix_outbox_due", "outbox", ["state", "priority", "next_attempt_at"])
    op.create_index("ix_outbox_target", "outbox", ["target_index", "priority", "state", "next_attempt_at"])
    held = sa.text("digest_id IS NOT NULL")
    op.create_index("ix_outbox_digest", "outbox", ["digest_id"], sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    # held-back messages become due by themselves
    op.execute("UPDATE outbox SET next_attempt_at = created_at WHERE state = 'waiting' AND digest_id IS NOT NULL")
    op.execute("DELETE FROM outbox WHERE kind = 'digest'")
    op.drop_index("ix_outbox_digest", "outbox")
    op.drop_index("ix_outbox_target", "outbox")
    op.drop_index("ix_outbox_due", "outbox")
    op.create_index("ix_outbox_kind", "outbox", ["target_index", "kind", "created_at"])
    op.create_index("ix_outbox_due", "outbox", ["state", "next_attempt_at"])
    op.drop_column("outbox", "digest_id")
    op.drop_column("outbox", "priority")
