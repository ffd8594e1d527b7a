"""Deletes webhooks with their deliveries: one by one, with a form, with an account."""

import uuid

from sqlalchemy import ColumnElement, delete, select

from forms_service.database.transactions import rows_changed, write_session
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.signals import account_emptying, account_erasing, form_emptying, form_erasing
from forms_service.webhooks.endpoints import webhook_index
from forms_service.webhooks.models import Webhook

BATCH_SIZE = 1000
"""Deliveries per transaction; others write between two."""


def erase_deliveries(condition: ColumnElement[bool]) -> bool:
    """Delete up to BATCH_SIZE of what was or waits to be sent to webhooks, and commit; False once that was the rest."""
    with write_session():
        batch = select(Message.id).where(_is_sent_to(condition)).limit(BATCH_SIZE)
        count = rows_changed(delete(Message).where(Message.id.in_(batch)).execution_options(synchronize_session=False))
        db.session.commit()
    return count == BATCH_SIZE


def erase_webhooks(condition: ColumnElement[bool]) -> None:
    """Delete webhooks and what was or waits to be sent to them; the caller commits."""
    db.session.execute(delete(Message).where(_is_sent_to(condition)).execution_options(synchronize_session=False))
    db.session.execute(delete(Webhook).where(condition).execution_options(synchronize_session=False))


@form_emptying.connect
def _empty_form(_: object, form_id: str) -> bool:
    return erase_deliveries(Webhook.form_id == form_id)


@form_erasing.connect
def _erase_with_form(_: object, form_id: str) -> None:
    erase_webhooks(Webhook.form_id == form_id)


@account_emptying.connect
def _erase_before_account(_: object, account_id: uuid.UUID) -> bool:
    # an anonymized account may keep its row, but no endpoint
    while erase_deliveries(Webhook.account_id == account_id):
        pass
    with write_session():
        erase_webhooks(Webhook.account_id == account_id)
        db.session.commit()
    return False


@account_erasing.connect
def _erase_with_account(_: object, account_id: uuid.UUID) -> None:
    erase_webhooks(Webhook.account_id == account_id)


def _is_sent_to(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    ids = db.session.scalars(select(Webhook.id).where(condition)).all()
    return Message.target_index.in_([webhook_index(identity) for identity in ids])
