"""Erases forms: hides them at once, deletes them in batches, large ones in the background.

Until then, an erased owner keeps a row without personal data.
"""

import time
import uuid
from collections.abc import Iterable

from flask import Flask
from sqlalchemy import exists, select, update

from forms_service.accounts import deletion as accounts
from forms_service.background import periodic
from forms_service.database.transactions import give_way, write_session
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.signals import account_emptying, form_emptying, form_erasing, form_saved

MAX_BATCHES_PER_REQUEST = 2

MAX_FORMS_PER_REQUEST = 20

INTERVAL = 20.0
MAX_RUN_SECONDS = 15.0
"""Below INTERVAL, so that two processes never work on one form."""


def init_app(app: Flask) -> None:
    periodic.register(app, "erasures", INTERVAL, erase_deleted_forms)


def erase_form(form_id: str) -> bool:
    """Erase a deleted form; return False if large."""
    for _ in range(MAX_BATCHES_PER_REQUEST):
        if not _erase_batch(form_id):
            _delete_form(form_id)
            return True
    return False


def erase_deleted_forms() -> None:
    """Work for MAX_RUN_SECONDS at most."""
    deadline = time.monotonic() + MAX_RUN_SECONDS
    for form_id in db.session.scalars(
        select(Form.id).where(Form.deleted_at.is_not(None)).order_by(Form.deleted_at)
    ).all():
        db.session.rollback()
        started = time.monotonic()
        while _erase_batch(form_id):
            if time.monotonic() > deadline:
                return
            give_way(started)
            started = time.monotonic()
        _delete_form(form_id)


def _erase_batch(form_id: str) -> bool:
    return any(more for _, more in form_emptying.send(form_id=form_id))


def _delete_form(form_id: str) -> None:
    with write_session():
        form = db.session.scalar(select(Form).where(Form.id == form_id).with_for_update())
        if form is None:
            return  # another process deleted it first
        form_erasing.send(form_id=form_id)
        owner_id = form.owner_id
        db.session.delete(form)
        db.session.flush()
        if not db.session.scalar(select(exists().where(Form.owner_id == owner_id))):
            accounts.delete_anonymized(owner_id)
        db.session.commit()


@account_emptying.connect
def _erase_forms_of_account(_: object, account_id: uuid.UUID) -> bool:
    with write_session():
        query = update(Form).where(Form.owner_id == account_id).values(deleted_at=now())
        form_ids = db.session.scalars(query.returning(Form.id)).all()
        db.session.commit()
    _invalidate(form_ids)
    erased = [erase_form(form_id) for form_id in form_ids[:MAX_FORMS_PER_REQUEST]]
    # true while some forms are left to the background
    return erased.count(True) < len(form_ids)


def _invalidate(form_ids: Iterable[str]) -> None:
    for form_id in form_ids:
        form_saved.send(form_id=form_id)
