"""Rate limits counted in the database."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    # unlogged: a hit causes no fsync, and its loss in a crash does no harm
    prefixes = ["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else []
    op.create_table(
        "limit_windows",
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        sa.Column("hits", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_limit_windows"),
        prefixes=prefixes,
    )
    op.create_index("ix_limit_windows_expires_at", "limit_windows", ["expires_at"])


def downgrade() -> None:
    op.drop_table("limit_windows")
