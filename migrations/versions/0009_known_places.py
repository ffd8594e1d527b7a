"""Networks and browsers of sign-ins, as keyed hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "known_places",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.LargeBinary(length=32), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_known_places_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "place", name=op.f("pk_known_places")),
    )


def downgrade() -> None:
    op.drop_table("known_places")
