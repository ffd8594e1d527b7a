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

PIECES_AT_ONCE = 2
"""Pieces that a request waits for."""

FORMS_AT_ONCE = 20
"""Forms of an account that a request waits for."""

INTERVAL = 20.0
BUDGET = 15.0
"""Seconds between two turns of the background, and for one, so that two processes do not take the same form."""

PAUSE = 0.005
"""Seconds between two pieces, in which others write."""


def init_app(app: Flask) -> None:
    """Have what was left be done."""
    periodic.register(app, "erasures", INTERVAL, sweep)


def erase(form_id: str) -> bool:
    """Erase a form that was marked as deleted, if it is little; whether it is gone."""
    for _ in range(PIECES_AT_ONCE):
        if not _empty(form_id):
            _finish(form_id)
            return True
    return False


def sweep() -> None:
    """Go on with the forms that were marked as deleted, for as long as the turn lasts."""
    until = time.monotonic() + BUDGET
    for form_id in db.session.scalars(
        select(Form.id).where(Form.deleted_at.is_not(None)).order_by(Form.deleted_at)
    ).all():
        db.session.rollback()
        while _empty(form_id):
            if time.monotonic() > until:
                return
            time.sleep(PAUSE)
        _finish(form_id)


def _empty(form_id: str) -> bool:
    """Erase a piece of what was sent to it; whether there may be more."""
    return any(more for _, more in form_emptying.send(form_id=form_id))


def _finish(form_id: str) -> None:
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
    _forget(form_ids)
    gone = [erase(form_id) for form_id in form_ids[:FORMS_AT_ONCE]]
    return gone.count(True) < len(form_ids)


def _forget(form_ids: Iterable[str]) -> None:
    for form_id in form_ids:
        form_saved.send(form_id=form_id)
