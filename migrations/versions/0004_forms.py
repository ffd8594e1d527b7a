"""Forms and their versions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "forms",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("settings", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"], name=op.f("fk_forms_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forms")),
    )
    op.create_index("ix_forms_owner_id", "forms", ["owner_id", "created_at", "id"])
    op.create_index("ix_forms_created_at", "forms", ["created_at", "id"])
    op.create_table(
        "form_versions",
        sa.Column("form_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_form_versions_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", "number", name=op.f("pk_form_versions")),
    )


def downgrade() -> None:
    op.drop_table("form_versions")
    op.drop_table("forms")
