"""Passwords with the app's pepper and cost, hashed a bounded number at a time."""

from typing import cast

from flask import Flask, current_app

from forms_service.config import THREADS, Settings, cores, settings
from forms_service.keyring import holder
from forms_service.security.gate import HashingGate
from forms_service.security.passwords import hash_password

PATIENCE = 5.0
"""Seconds that a password waits for its turn to be hashed."""

RESERVE = THREADS // 4
"""Threads that never wait for a turn, so that the rest of the service answers during a flood."""


def init_app(app: Flask, settings: Settings) -> None:
    """Let as many be hashed at once as there are cores, over all processes."""
    slots = max(1, -(-cores() // settings.web_concurrency)) + 1
    app.extensions["hashing"] = HashingGate(slots, places=THREADS - RESERVE - slots, patience=PATIENCE)


def hashed(password: str) -> str:
    """The password as it is kept; waits its turn.

    :raises ServiceUnavailableError: when too many wait already
    """
    pepper = holder().ring().pepper
    with cast("HashingGate", current_app.extensions["hashing"]).slot():
        return hash_password(password, pepper=pepper, rounds=settings.bcrypt_rounds)
