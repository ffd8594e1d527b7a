"""Passwords with the app's pepper and cost, hashed a bounded number at a time."""

import re
import uuid
from functools import cache
from typing import Protocol, cast

from flask import Flask, current_app
from sqlalchemy import select

from forms_service.accounts.models import Account
from forms_service.config import THREADS, Settings, settings
from forms_service.errors import AuthenticationError, Fault, ValidationError
from forms_service.extensions import db
from forms_service.keyring import holder
from forms_service.processor import cores, on_every_core
from forms_service.security.gate import HashingGate
from forms_service.security.passwords import cost_of, hash_password, verify_password
from forms_service.security.tokens import generate_secure_token
from forms_service.validation.guessable import holds_context

PATIENCE = 5.0
"""Seconds that a password waits for its turn to be hashed."""

RESERVE = THREADS // 4
"""Threads that never wait for a turn, so that the rest of the service answers during a flood."""


GENERIC = frozenset({"form", "forms", "Forms", "service", "Service", "Account", "Site", "User", "Owner", "Operator"})
"""Words of names, of services and of accounts made by a command, that are words of passphrases like any other."""

PERSONAL = "A password may not hold your name or address, or the name of this service. Think of another."


class Person(Protocol):
    """What is asked of a person whose password it is."""

    @property
    def email(self) -> str:
        """The whole address."""

    @property
    def first_name(self) -> str:
        """As they wrote it."""

    @property
    def last_name(self) -> str:
        """As they wrote it."""


def init_app(app: Flask, settings: Settings) -> None:
    """Let as many be hashed at once as there are cores, over all processes."""
    slots = max(1, -(-cores() // settings.web_concurrency)) + 1
    app.extensions["hashing"] = HashingGate(slots, places=THREADS - RESERVE - slots, patience=PATIENCE)


def hashed(password: str) -> str:
    """The password as it is kept; waits its turn, with no transaction open.

    :raises ServiceUnavailableError: when too many wait already
    """
    pepper = holder().ring().pepper
    db.session.rollback()
    with _gate().slot(), on_every_core():
        return hash_password(password, pepper=pepper, rounds=settings.bcrypt_rounds)


def verified(password: str, kept: str | None) -> bool:
    """Whether it is the password that is kept; waits its turn, with no transaction open.

    Where none is kept it is compared with one that nobody has, at today's cost: the answer takes as long.

    :raises ServiceUnavailableError: when too many wait already
    """
    pepper = holder().ring().pepper
    db.session.rollback()
    with _gate().slot(), on_every_core():
        nobodys = _nobodys(settings.bcrypt_rounds)
        return verify_password(password, kept or nobodys, pepper=pepper) and kept is not None


def demand_current(account_id: uuid.UUID, password: str) -> str:
    """The hash of an account's password, once it was shown to be known.

    :raises ValidationError: on `password`, when it is not the current one
    """
    kept = db.session.scalar(select(Account.password_hash).where(Account.id == account_id))
    if kept is None:
        raise AuthenticationError()  # erased just now
    if not verified(password, kept):
        raise ValidationError({"password": [Fault("This is not your current password.", "wrong_password")]})
    return kept


def demand_impersonal(password: str, about: Person, field: str = "password") -> None:
    """Refuse a new password that holds the person's name or address, or the service's name.

    :raises ValidationError: on `field`
    """
    words = re.split(r"\s+", f"{about.first_name} {about.last_name} {settings.app_name}")
    local_part, _, domain = about.email.rpartition("@")
    words += [settings.app_name, local_part, *re.split(r"[._+-]", local_part), *domain.split(".")[:-1]]
    if holds_context(password, set(words) - GENERIC):
        raise ValidationError({field: [Fault(PERSONAL, "too_personal")]})


def outdated(kept: str) -> bool:
    """Whether it was hashed at a cost below today's."""
    return cost_of(kept) < settings.bcrypt_rounds


def _gate() -> HashingGate:
    return cast("HashingGate", current_app.extensions["hashing"])


@cache
def _nobodys(rounds: int) -> str:
    return hash_password(generate_secure_token(), rounds=rounds)
