"""Recipients of forms, each form's owner being the first, and the entries of their digests."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from uuid_utils.compat import uuid7

revision = "0014"
down_revision = "0013"

TIME = sa.DateTime(timezone=True)
BATCH_SIZE = 1000

OWNER = {
    "is_owner": True,
    "status": "active",
    "frequency": "instant",
    "hour": 8,
    "weekday": "monday",
    "timezone": "UTC",
    "content": "full",
    "files": "link",
}


def upgrade() -> None:
    recipients = op.create_table(
        "recipients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.String(length=16), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("is_owner", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("frequency", sa.String(length=8), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("weekday", sa.String(length=9), nullable=False),
        sa.Column("timezone", sa.String(length=100), nullable=False),
        sa.Column("content", sa.String(length=8), nullable=False),
        sa.Column("files", sa.String(length=8), nullable=False),
        sa.Column("conditions", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.Column("removed_at", TIME, nullable=True),
        sa.Column("next_digest_at", TIME, nullable=True),
        sa.Column("last_digest_at", TIME, nullable=True),
        sa.CheckConstraint("status IN ('pending', 'active', 'unsubscribed')", name=op.f("ck_recipients_status")),
        sa.CheckConstraint(
            "frequency IN ('instant', 'hourly', 'daily', 'weekly')", name=op.f("ck_recipients_frequency")
        ),
        sa.CheckConstraint("content IN ('full', 'summary', 'none')", name=op.f("ck_recipients_content")),
        sa.CheckConstraint("files IN ('link', 'attach', 'none')", name=op.f("ck_recipients_files")),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_recipients_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipients")),
        sa.UniqueConstraint("form_id", "email_index", name=op.f("uq_recipients_form_id_email_index")),
    )
    op.create_index("ix_recipients_next_digest_at", "recipients", ["next_digest_at"])
    _create_entries()
    _add_owners(recipients)


def downgrade() -> None:
    op.drop_table("digest_entries")
    op.drop_table("recipients")


def _create_entries() -> None:
    op.create_table(
        "digest_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_digest_entries_submission_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_entries")),
    )
    op.create_index("ix_digest_entries_submission_id", "digest_entries", ["submission_id"])
    op.create_index("ix_digest_entries_recipient_id", "digest_entries", ["recipient_id", "message_id"])


def _add_owners(recipients: sa.Table) -> None:
    forms = sa.table("forms", sa.column("id"), sa.column("deleted_at"))
    ids = op.get_bind().scalars(sa.select(forms.c.id).where(forms.c.deleted_at.is_(None))).all()
    moment = datetime.now(UTC)
    rows = [
        {"id": uuid7(), "form_id": form_id, "created_at": moment, "confirmed_at": moment, **OWNER} for form_id in ids
    ]
    for start in range(0, len(rows), BATCH_SIZE):
        op.bulk_insert(recipients, rows[start : start + BATCH_SIZE])
