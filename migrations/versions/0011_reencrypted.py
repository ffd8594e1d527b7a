"""When everything was found under a data key and in the current format."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("keyring", sa.Column("reencrypted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("keyring") as table:
        table.drop_column("reencrypted_at")
