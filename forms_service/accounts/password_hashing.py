"""Peppered password hashing, behind the hashing gate."""

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
from forms_service.languages.sentences import N_
from forms_service.security import passwords
from forms_service.security.passwords import cost_of, verify_password
from forms_service.validation.password_strength import contains_context

HASHING_TIMEOUT = 5.0
"""Seconds."""

COST_CACHE_SECONDS = 300.0

RESERVED_THREADS = THREADS // 4
"""Never wait: the service still answers during sign-in floods."""


GENERIC_WORDS = frozenset(
    {"form", "forms", "Forms", "service", "Service", "Account", "Site", "User", "Owner", "Operator"}
)
"""Name words still allowed in passwords."""

TOO_PERSONAL = N_("A password must not contain your name, your address or the name of this service. Choose another.")


class PersonalData(Protocol):
    """Data that a password must not contain."""

    @property
    def email(self) -> str: ...

    @property
    def first_name(self) -> str: ...

    @property
    def last_name(self) -> str: ...


def init_app(app: Flask, settings: Settings) -> None:
    slots = max(1, -(-cores() // settings.web_concurrency)) + 1
    app.extensions["hashing_cost"] = {"cost": 0, "until": 0.0}
    app.extensions["hashing"] = HashingGate(
        slots, max_waiting=THREADS - RESERVED_THREADS - slots, timeout=HASHING_TIMEOUT
    )


def hash_password(password: str) -> str:
    """Hash a password; ends the transaction before waiting for a slot.

    :raises HashingBusyError: if too many wait
    """
    pepper = current_key_ring().pepper
    db.session.rollback()
    with _gate().slot(), all_cores():
        return passwords.hash_password(password, pepper=pepper, rounds=settings.bcrypt_rounds)


def check_password(password: str, password_hash: str | None) -> bool:
    """Whether the password matches; ends the transaction before waiting for a slot.

    Even without a hash, takes the highest cost's time, against account enumeration.
    """
    pepper = current_key_ring().pepper
    highest = max(_highest_cost(), cost_of(password_hash or ""))
    db.session.rollback()
    cost = cost_of(password_hash) if password_hash else highest
    with _gate().slot(), all_cores():
        is_match = verify_password(password, password_hash or _dummy_hash(highest), pepper=pepper)
        for rounds in range(cost, highest):  # each cost takes twice as long as the one below: together 2**highest
            verify_password(password, _dummy_hash(rounds), pepper=pepper)
    return is_match and password_hash is not None


def require_current_password(account_id: uuid.UUID, password: str) -> str:
    """Return the current password's hash.

    :raises ValidationError: on `password`, if wrong
    """
    password_hash = db.session.scalar(select(Account.password_hash).where(Account.id == account_id))
    if password_hash is None:
        raise AuthenticationError()  # erased just now
    if not check_password(password, password_hash):
        raise ValidationError({"password": [FieldError("Wrong current password.", "wrong_password")]})
    return password_hash


def refuse_personal_password(password: str, person: PersonalData, field: str = "password") -> None:
    """Reject a password containing name, address or service name."""
    words = re.split(r"\s+", f"{person.first_name} {person.last_name} {settings.app_name}")
    local_part, _, domain = person.email.rpartition("@")
    words += [settings.app_name, local_part, *re.split(r"[._+-]", local_part), *domain.split(".")[:-1]]
    if contains_context(password, set(words) - GENERIC_WORDS):
        raise ValidationError({field: [FieldError(TOO_PERSONAL, "too_personal")]})


def needs_rehash(password_hash: str) -> bool:
    """Whether its cost is below the setting."""
    return cost_of(password_hash) < settings.bcrypt_rounds


def _gate() -> HashingGate:
    return cast("HashingGate", current_app.extensions["hashing"])


def _dummy_hash(rounds: int) -> str:
    # no password matches it, and the comparison costs the same
    return f"$2b${rounds:02}${'.' * 53}"


def _highest_cost() -> int:
    cache: dict[str, float] = current_app.extensions["hashing_cost"]
    if cache["until"] < time.monotonic():
        digits = db.session.scalar(select(func.max(func.substr(Account.password_hash, 5, 2)))) or "0"
        cache |= {"cost": int(digits), "until": time.monotonic() + COST_CACHE_SECONDS}
    return max(int(cache["cost"]), settings.bcrypt_rounds)
