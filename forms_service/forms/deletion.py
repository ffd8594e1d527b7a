"""Erasing forms: out of everybody's sight at once, then emptied in pieces.

A form with few submissions is gone when the request is answered. One with many is left to the background: what is done
is committed piece by piece, so that whoever goes on after a kill finds only the rest. An account with such forms keeps
a row without a name, an address or a password until the last of them is gone.
"""

import time
import uuid
from collections.abc import Iterable

from flask import Flask
from sqlalchemy import exists, select, update

from forms_service.accounts import deletion as accounts
from forms_service.background import periodic
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.forms.models import Form
from forms_service.signals import account_emptying, form_emptying, form_erasing, form_saved

MAX_BATCHES_PER_REQUEST = 2
"""Pieces that a request waits for."""

MAX_FORMS_PER_REQUEST = 20
"""Forms of an account that a request waits for."""

INTERVAL = 20.0
MAX_RUN_SECONDS = 15.0
"""Seconds between two turns of the background, and for one, so that two processes do not take the same form."""

BATCH_DELAY = 0.005
"""Seconds between two pieces, in which others write."""


def init_app(app: Flask) -> None:
    """Have what was left be done."""
    periodic.register(app, "erasures", INTERVAL, erase_deleted_forms)


def erase_form(form_id: str) -> bool:
    """Erase a form that was marked as deleted, if it is little; whether it is gone."""
    for _ in range(MAX_BATCHES_PER_REQUEST):
        if not _erase_batch(form_id):
            _delete_form(form_id)
            return True
    return False


def erase_deleted_forms() -> None:
    """Go on with the forms that were marked as deleted, for as long as the turn lasts."""
    until = time.monotonic() + MAX_RUN_SECONDS
    for form_id in db.session.scalars(
        select(Form.id).where(Form.deleted_at.is_not(None)).order_by(Form.deleted_at)
    ).all():
        db.session.rollback()
        while _erase_batch(form_id):
            if time.monotonic() > until:
                return
            time.sleep(BATCH_DELAY)
        _delete_form(form_id)


def _erase_batch(form_id: str) -> bool:
    """Erase a piece of what was sent to it; whether there may be more."""
    return any(more for _, more in form_emptying.send(form_id=form_id))


def _delete_form(form_id: str) -> None:
    """Erase the form itself; with its owner's last one goes the row of an account that was erased before."""
    with write_session():
        form = db.session.scalar(select(Form).where(Form.id == form_id).with_for_update())
        if form is None:
            return  # another process came first
        form_erasing.send(form_id=form_id)
        owner_id = form.owner_id
        db.session.delete(form)
        db.session.flush()
        if not db.session.scalar(select(exists().where(Form.owner_id == owner_id))):
            accounts.drop_emptied(owner_id)
        db.session.commit()


@account_emptying.connect
def _erase_forms_of_account(_: object, account_id: uuid.UUID) -> bool:
    """Erase the forms of an account that goes, the first ones at once if they are little; whether some are left."""
    with write_session():
        query = update(Form).where(Form.owner_id == account_id).values(deleted_at=now())
        form_ids = db.session.scalars(query.returning(Form.id)).all()
        db.session.commit()
    _invalidate(form_ids)
    gone = [erase_form(form_id) for form_id in form_ids[:MAX_FORMS_PER_REQUEST]]
    return gone.count(True) < len(form_ids)


def _invalidate(form_ids: Iterable[str]) -> None:
    for form_id in form_ids:
        form_saved.send(form_id=form_id)
