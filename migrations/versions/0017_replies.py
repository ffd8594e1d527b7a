"""Double opt-ins, replies counted against the limits, and forms whose replies are off."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_opt_ins()
    op.create_table(
        "sent_replies",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("form_id", sa.String(length=16), nullable=True),
        sa.Column("address_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('reply', 'opt_in')", name=op.f("ck_sent_replies_kind")),
        sa.ForeignKeyConstraint(
            ["form_id"], ["forms.id"], name=op.f("fk_sent_replies_form_id_forms"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_sent_replies")),
    )
    op.create_index("ix_sent_replies_kind", "sent_replies", ["kind", "created_at"])
    op.create_index("ix_sent_replies_address", "sent_replies", ["address_index", "kind", "created_at"])
    op.create_index("ix_sent_replies_form", "sent_replies", ["form_id", "kind", "created_at"])
    op.create_table(
        "reply_switches",
        sa.Column("form_id", sa.String(length=16), nullable=False),
        sa.Column("off_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["form_id"], ["forms.id"], name=op.f("fk_reply_switches_form_id_forms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_reply_switches")),
    )


def downgrade() -> None:
    op.drop_table("reply_switches")
    op.drop_table("sent_replies")
    op.drop_table("opt_ins")


def _create_opt_ins() -> None:
    op.create_table(
        "opt_ins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=True),
        sa.Column("form_id", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("client", sa.LargeBinary(), nullable=True),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["forms.id"], name=op.f("fk_opt_ins_form_id_forms"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_opt_ins_submission_id_submissions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_ins")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_opt_ins_submission_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_opt_ins_token_hash")),
    )
    op.create_index("ix_opt_ins_form_id", "opt_ins", ["form_id"])
    op.create_index("ix_opt_ins_asked_at", "opt_ins", ["asked_at"])
