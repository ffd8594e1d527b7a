"""Forms hidden while they are being erased."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("forms", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_forms_deleted_at"), "forms", ["deleted_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_forms_deleted_at"), "forms")
    op.drop_column("forms", "deleted_at")  # no batch: it recreates the table, which would cascade to submissions
