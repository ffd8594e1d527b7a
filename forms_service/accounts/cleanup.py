"""Hourly deletion of expired tokens, sessions, sign-ups, places and audit events."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import delete, func, select

from forms_service.accounts.deletion import erase_expired_signups
from forms_service.accounts.models import SESSION_LIFETIME, Event, KnownPlace, RefreshToken, Session, Token
from forms_service.background import periodic
from forms_service.config import settings
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db

SWEEP_INTERVAL = 3600
"""Seconds."""


PLACE_RETENTION = timedelta(days=180)
"""From the last sign-in."""


MAX_EVENTS = 10_000
"""Per account."""


def init_app(app: Flask) -> None:
    periodic.register(app, "accounts", SWEEP_INTERVAL, delete_expired)


def delete_expired() -> None:
    kept_since = now() - timedelta(days=settings.audit_retention_days)
    with write_session():
        db.session.execute(delete(Token).where(Token.expires_at < now()))
        db.session.execute(delete(Session).where(Session.expires_at < now()))
        db.session.execute(delete(RefreshToken).where(RefreshToken.used_at < now() - SESSION_LIFETIME))
        db.session.execute(delete(KnownPlace).where(KnownPlace.last_used_at < now() - PLACE_RETENTION))
        db.session.execute(delete(Event).where(Event.at < kept_since))
        db.session.commit()
    _trim_trails()
    erase_expired_signups()


def _trim_trails() -> None:
    counted = select(Event.account_id).where(Event.account_id.is_not(None)).group_by(Event.account_id)
    for account_id in db.session.scalars(counted.having(func.count() > MAX_EVENTS)).all():
        trail = Event.account_id == account_id
        last = select(Event.id).where(trail).order_by(Event.id.desc()).offset(MAX_EVENTS).limit(1).scalar_subquery()
        with write_session():
            db.session.execute(delete(Event).where(trail, Event.id <= last))
            db.session.commit()
