"""One membership of an account on a form; the form of an event, for its owner's audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

UNIQUE = "uq_members_form_id_account_id"


def upgrade() -> None:
    with op.batch_alter_table("members") as table:
        table.create_unique_constraint(op.f(UNIQUE), ["form_id", "account_id"])
    op.add_column("events", sa.Column("form_id", sa.String(length=16), nullable=True))
    op.create_index(op.f("ix_events_form_id"), "events", ["form_id", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_events_form_id"), "events")
    op.drop_column("events", "form_id")
    with op.batch_alter_table("members") as table:
        table.drop_constraint(op.f(UNIQUE), type_="unique")
