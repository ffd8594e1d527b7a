"""Proofs of double opt-ins, for the API and exports."""

import re
import uuid
from collections.abc import Collection
from typing import Any

from flask import Flask
from sqlalchemy import select

from forms_service.encryption.associated_data import unreadable_flag
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.replies.models import OptIn
from forms_service.signals import account_exporting
from forms_service.validation.references import reference_of

Proofs = dict[uuid.UUID, dict[str, Any]]

TOKEN = re.compile(r"token=[\w-]{43}")
"""Left out of the text: with it, an owner could confirm for the person."""


def init_app(_: Flask) -> None:
    """Connect to the account export."""
    account_exporting.connect(add_withdrawals)


def load(submission_ids: Collection[uuid.UUID]) -> Proofs:
    """Return submission → proof, of those with a double opt-in."""
    if not submission_ids:
        return {}
    opt_ins = db.session.scalars(select(OptIn).where(OptIn.submission_id.in_(submission_ids)))
    return {opt_in.id: as_dict(opt_in) for opt_in in opt_ins}


def as_dict(opt_in: OptIn) -> dict[str, Any]:
    """Return the API's representation."""
    return {
        "asked_at": opt_in.asked_at.isoformat(),
        "confirmed_at": opt_in.confirmed_at.isoformat() if opt_in.confirmed_at else None,
        "subject": opt_in.subject,
        "text": TOKEN.sub("token=…", opt_in.text or ""),
        "link": opt_in.link,
        **({"client": opt_in.client} if opt_in.client else {}),
        **unreadable_flag(opt_in.subject, opt_in.text, opt_in.client),
    }


def add_withdrawals(_: object, account_id: uuid.UUID, document: dict[str, Any]) -> None:
    """Add what is left of withdrawn submissions; other proofs are with theirs."""
    query = select(OptIn).join(Form, Form.id == OptIn.form_id).where(Form.owner_id == account_id)
    withdrawn = query.where(Form.deleted_at.is_(None), OptIn.withdrawn_at.is_not(None)).order_by(OptIn.id)
    document["withdrawals"] = [
        {
            "form_id": opt_in.form_id,
            "reference": reference_of(opt_in.id),
            "asked_at": opt_in.asked_at.isoformat(),
            "confirmed_at": opt_in.confirmed_at.isoformat() if opt_in.confirmed_at else None,
            "withdrawn_at": opt_in.withdrawn_at.isoformat() if opt_in.withdrawn_at else None,
        }
        for opt_in in db.session.scalars(withdrawn.execution_options(yield_per=500))
    ]
