"""Counts of refused submissions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

REASONS = "reason IN ('origin', 'origin_null', 'challenge', 'invalid', 'too_large', 'limited', 'closed')"


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("form_id", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(REASONS, name=op.f("ck_refusals_reason")),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_refusals_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", "day", "reason", name=op.f("pk_refusals")),
    )


def downgrade() -> None:
    op.drop_table("refusals")
