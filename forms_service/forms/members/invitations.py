"""The mail that invites an address to a form."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from forms_service.accounts.models import Account
from forms_service.config import settings
from forms_service.delivery import outbox, suppressions
from forms_service.extensions import db
from forms_service.forms.mail_names import form_name
from forms_service.forms.members import links
from forms_service.forms.members.queries import MemberRow

KIND = "invitation"
MAX_PER_HOUR = 3
"""To one address, from all forms."""

LIFETIME = timedelta(days=30)
"""Of an invitation that nobody accepts."""


def send(row: MemberRow, inviter_id: uuid.UUID) -> None:
    """Queue it, in the caller's transaction; not to a suppressed address, nor beyond MAX_PER_HOUR."""
    if find_suppressed([row]):
        return
    values = {
        "form": form_name(row.form.name),
        "inviter": db.session.scalar(select(Account.email).where(Account.id == inviter_id)) or settings.app_name,
        "role": row.member.role,
        "link": links.make_url(row.member),
        "signup": f"{settings.public_url}/signup" if settings.signup_enabled else None,
    }
    outbox.enqueue_mail(KIND, row.email, values, about=row.member.id, max_per_hour=MAX_PER_HOUR)


def find_suppressed(rows: Sequence[MemberRow]) -> set[uuid.UUID]:
    """Return the pending members whose address gets no mail."""
    indexes = {row.member.id: outbox.address_index(row.email) for row in rows if row.email and not row.account}
    suppressed = suppressions.find_many(indexes.values())
    return {member_id for member_id, index in indexes.items() if index in suppressed}
