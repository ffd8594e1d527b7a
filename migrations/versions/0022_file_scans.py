"""What the virus scanner found in a file; null for files received without one."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

NOT_SCANNED = sa.text("scan = 'not_scanned'")


def upgrade() -> None:
    op.add_column("submission_files", sa.Column("scan", sa.String(length=12), nullable=True))
    op.add_column("submission_files", sa.Column("threat", sa.String(length=100), nullable=True))
    op.create_index(
        "ix_submission_files_not_scanned",
        "submission_files",
        ["submission_id"],
        sqlite_where=NOT_SCANNED,
        postgresql_where=NOT_SCANNED,
    )


def downgrade() -> None:
    op.drop_index("ix_submission_files_not_scanned", "submission_files")
    op.drop_column("submission_files", "threat")
    op.drop_column("submission_files", "scan")
