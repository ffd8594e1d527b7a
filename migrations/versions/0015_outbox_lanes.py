"""The lane of a message: its endpoint, or its mail domain."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("lane", sa.LargeBinary(8), nullable=True))
    op.execute("UPDATE outbox SET lane = substr(target_index, 1, 8) WHERE state = 'waiting'")
    op.drop_index("ix_outbox_due", "outbox")
    op.create_index("ix_outbox_due", "outbox", ["state", "channel", "priority", "next_attempt_at", "lane"])


def downgrade() -> None:
    op.drop_index("ix_outbox_due", "outbox")
    op.create_index("ix_outbox_due", "outbox", ["state", "priority", "next_attempt_at"])
    op.drop_column("outbox", "lane")
