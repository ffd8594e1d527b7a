"""ALTCHA: a proof of work, cheap for one browser and expensive for a flood, without a third party."""

import hashlib
import time
from datetime import timedelta
from typing import Any

import altcha
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from forms_service.background import periodic
from forms_service.config import settings
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.errors import ServiceUnavailableError
from forms_service.extensions import db
from forms_service.security import derive_subkey
from forms_service.spam.models import SpentChallenge

ALGORITHM = "PBKDF2/SHA-256"
COST = 2_000
"""Rounds per attempt, about 0.5 ms; 256 attempts on average."""

CHALLENGE_TTL = 3600
MAX_SOLUTION_LENGTH = 4096
"""The widget's have about 700."""

PURPOSE = "forms_service altcha"


def init_app(app: Flask) -> None:
    periodic.register(app, "spent_challenges", CHALLENGE_TTL, delete_expired)


def create_challenge(form_id: str) -> dict[str, Any]:
    made = altcha.create_challenge(
        ALGORITHM,
        COST,
        expires_at=int(time.time()) + CHALLENGE_TTL,
        data={"form": form_id},
        hmac_secret=_key(),
    )
    return made.to_dict()


def solve(form_id: str) -> str:
    """Return a solution of a new challenge, which takes about 0.1 s."""
    challenge = altcha.Challenge.from_dict(create_challenge(form_id))
    solution = altcha.solve_challenge(challenge)
    if solution is None:
        raise ServiceUnavailableError("The proof of work took too long. Try again.")
    return str(altcha.Payload(challenge, solution).to_base64())


def verify_solution(form_id: str, solution: str) -> bool:
    """Whether it solves an unexpired, unspent challenge of this form; spends it."""
    if len(solution) > MAX_SOLUTION_LENGTH or not altcha.verify_solution(solution, _key()).verified:
        return False
    solved = altcha.Payload.from_base64(solution).challenge
    return solved.parameters.data == {"form": form_id} and _mark_spent(solved.signature or "")


def delete_expired() -> None:
    with write_session():
        db.session.execute(delete(SpentChallenge).where(SpentChallenge.expires_at < now()))
        db.session.commit()


def _mark_spent(signature: str) -> bool:
    digest = hashlib.sha256(signature.encode()).digest()
    expires_at = now() + timedelta(seconds=CHALLENGE_TTL)
    try:
        with write_session():
            db.session.add(SpentChallenge(digest=digest, expires_at=expires_at))
            db.session.commit()
    except IntegrityError:
        return False
    return True


def _key() -> str:
    return derive_subkey(settings.secret_key, PURPOSE).hex()
