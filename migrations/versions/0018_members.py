"""Members of forms, and what an account prefers in the console."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("accounts", sa.Column("timezone", sa.String(length=100), nullable=False, server_default="UTC"))
    op.add_column("accounts", sa.Column("shortcuts", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("accepted_at", TIME, nullable=True),
        sa.CheckConstraint("role IN ('viewer', 'editor', 'manager')", name=op.f("ck_members_role")),
        sa.CheckConstraint("status IN ('pending', 'active')", name=op.f("ck_members_status")),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_members_form_id_forms"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_members_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("form_id", "email_index", name=op.f("uq_members_form_id_email_index")),
    )
    op.create_index("ix_members_account_id", "members", ["account_id"])
    op.create_index("ix_members_email_index", "members", ["email_index"])


def downgrade() -> None:
    op.drop_table("members")
    op.drop_column("accounts", "shortcuts")
    op.drop_column("accounts", "timezone")
