"""Accounts with an API key."""

from flask import Flask

from forms_service.accounts import service
from forms_service.accounts.guards import token_hash
from forms_service.accounts.models import SCOPES, ApiKey
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.security import generate_secure_token

ALL_SCOPES = " ".join(SCOPES)


def make_key(
    app: Flask, email: str = "owner@example.com", role: str = "owner", scopes: str = ALL_SCOPES
) -> dict[str, str]:
    """Headers of a new account with an API key."""
    with app.app_context():
        person = service.NewAccount(email, "Olga", "Owner", "Correct-horse-7")
        account = service.create(person, role=role, status="active")
        key = "fs_" + generate_secure_token()
        with write_session():
            db.session.add(ApiKey(account_id=account.id, name="test", scopes=scopes, hash=token_hash(key)))
            db.session.commit()
    return {"Authorization": f"Bearer {key}"}
