"""Passwords with the app's pepper and cost, hashed a bounded number at a time."""

import re
import time
import uuid
from typing import Protocol, cast

from flask import Flask, current_app
from sqlalchemy import func, select

from forms_service.accounts.hashing_gate import HashingGate
from forms_service.accounts.models import Account
from forms_service.config import THREADS, Settings, settings
from forms_service.cpu_affinity import all_cores, cores
from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import AuthenticationError, FieldError, ValidationError
from forms_service.extensions import db
from forms_service.security.passwords import cost_of, hash_password, verify_password
from forms_service.validation.password_strength import contains_context

HASHING_TIMEOUT = 5.0
"""Seconds that a password waits for its turn to be hashed."""

COST_KNOWN = 300.0
"""Seconds that the highest cost of all accounts is remembered."""

RESERVE = THREADS // 4
"""Threads that never wait for a turn, so that the rest of the service answers during a flood."""


GENERIC = frozenset({"form", "forms", "Forms", "service", "Service", "Account", "Site", "User", "Owner", "Operator"})
"""Words of names, of services and of accounts made by a command, that are words of passphrases like any other."""

PERSONAL = "A password must not contain your name, your address or the name of this service. Choose another."


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
    app.extensions["hashing_cost"] = {"cost": 0, "until": 0.0}
    app.extensions["hashing"] = HashingGate(slots, places=THREADS - RESERVE - slots, patience=HASHING_TIMEOUT)


def hashed(password: str) -> str:
    """The password as it is kept; waits its turn, with no transaction open.

    :raises ServiceUnavailableError: when too many wait already
    """
    pepper = current_key_ring().pepper
    db.session.rollback()
    with _gate().slot(), all_cores():
        return hash_password(password, pepper=pepper, rounds=settings.bcrypt_rounds)


def verified(password: str, kept: str | None) -> bool:
    """Whether it is the password that is kept; waits its turn, with no transaction open.

    It takes as long as the highest cost of any account, also where none is kept: the time tells nobody whose it is.

    :raises ServiceUnavailableError: when too many wait already
    """
    pepper = current_key_ring().pepper
    highest = max(_highest_cost(), cost_of(kept or ""))
    db.session.rollback()
    cost = cost_of(kept) if kept else highest
    with _gate().slot(), all_cores():
        right = verify_password(password, kept or _nobodys(highest), pepper=pepper)
        for missing in range(cost, highest):  # each cost takes twice as long as the one below: together 2**highest
            verify_password(password, _nobodys(missing), pepper=pepper)
    return right and kept is not None


def demand_current(account_id: uuid.UUID, password: str) -> str:
    """The hash of an account's password, once it was shown to be known.

    :raises ValidationError: on `password`, when it is not the current one
    """
    kept = db.session.scalar(select(Account.password_hash).where(Account.id == account_id))
    if kept is None:
        raise AuthenticationError()  # erased just now
    if not verified(password, kept):
        raise ValidationError({"password": [FieldError("Wrong current password.", "wrong_password")]})
    return kept


def demand_impersonal(password: str, about: Person, field: str = "password") -> None:
    """Refuse a new password that holds the person's name or address, or the service's name.

    :raises ValidationError: on `field`
    """
    words = re.split(r"\s+", f"{about.first_name} {about.last_name} {settings.app_name}")
    local_part, _, domain = about.email.rpartition("@")
    words += [settings.app_name, local_part, *re.split(r"[._+-]", local_part), *domain.split(".")[:-1]]
    if contains_context(password, set(words) - GENERIC):
        raise ValidationError({field: [FieldError(PERSONAL, "too_personal")]})


def outdated(kept: str) -> bool:
    """Whether it was hashed at a cost below today's."""
    return cost_of(kept) < settings.bcrypt_rounds


def _gate() -> HashingGate:
    return cast("HashingGate", current_app.extensions["hashing"])


def _nobodys(rounds: int) -> str:
    """What no password hashes to, and takes as long to compare."""
    return f"$2b${rounds:02}${'.' * 53}"


def _highest_cost() -> int:
    """The highest cost that a password of an account may have: asked for now and then, and never below today's."""
    known: dict[str, float] = current_app.extensions["hashing_cost"]
    if known["until"] < time.monotonic():
        digits = db.session.scalar(select(func.max(func.substr(Account.password_hash, 5, 2)))) or "0"
        known |= {"cost": int(digits), "until": time.monotonic() + COST_KNOWN}
    return max(int(known["cost"]), settings.bcrypt_rounds)
