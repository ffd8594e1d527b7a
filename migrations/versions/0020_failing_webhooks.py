"""An index of failing webhooks, which operators see."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

FAILING = sa.text("failing_since IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_webhooks_failing", "webhooks", ["failing_since"], sqlite_where=FAILING, postgresql_where=FAILING
    )


def downgrade() -> None:
    op.drop_index("ix_webhooks_failing", "webhooks")
