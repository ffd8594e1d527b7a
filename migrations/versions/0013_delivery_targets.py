"""The recipient or webhook of a message; status and duration of an attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("target_id", sa.Uuid(), nullable=True))
    op.add_column("delivery_attempts", sa.Column("status", sa.Integer(), nullable=True))
    op.add_column("delivery_attempts", sa.Column("duration", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("delivery_attempts", "duration")
    op.drop_column("delivery_attempts", "status")
    op.drop_column("outbox", "target_id")
