"""Taking out what is over: links, sessions, and what the audit trail has kept long enough."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import delete

from forms_service.accounts.erasure import sweep_pending
from forms_service.accounts.models import Event, KnownPlace, RefreshToken, Session, Token
from forms_service.accounts.sessions.service import LIFETIME
from forms_service.config import settings
from forms_service.database import now, writing
from forms_service.delivery import tasks
from forms_service.extensions import db

EVERY = 3600
"""Seconds from sweep to sweep."""


PLACES_KEPT = timedelta(days=180)
"""How long a network or browser is known that nobody signs in from."""


def init_app(app: Flask) -> None:
    """Sweep once an hour, wherever background work is done."""
    tasks.register(app, "accounts", EVERY, sweep)


def sweep() -> None:
    """Take out what is over."""
    kept_since = now() - timedelta(days=settings.audit_retention_days)
    with writing():
        db.session.execute(delete(Token).where(Token.expires_at < now()))
        db.session.execute(delete(Session).where(Session.expires_at < now()))
        db.session.execute(delete(RefreshToken).where(RefreshToken.used_at < now() - LIFETIME))
        db.session.execute(delete(KnownPlace).where(KnownPlace.last_used_at < now() - PLACES_KEPT))
        db.session.execute(delete(Event).where(Event.at < kept_since))
        db.session.commit()
    sweep_pending()
