"""Access tokens: short-lived JWTs bound to an active session."""

import time
import uuid
from dataclasses import dataclass

import jwt
from jwt.utils import base64url_encode

from forms_service.config import settings
from forms_service.security import derive_subkey, generate_secure_token

TYPE = "at+jwt"
"""RFC 9068, 2.1: rejects other signed values."""

ISSUER = "forms_service"
REQUIRED = ["exp", "iat", "iss", "sub", "sid", "jti"]
MAX_LENGTH = 1000
"""Characters; ours have about 400."""


@dataclass(frozen=True)
class Claims:
    account_id: uuid.UUID
    session_id: uuid.UUID
    issued_at: int
    expires_at: int


def issue(account_id: uuid.UUID, session_id: uuid.UUID) -> str:
    issued_at = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": str(account_id),
        "sid": str(session_id),
        "jti": generate_secure_token(12),
        "iat": issued_at,
        "exp": issued_at + lifetime(),
    }
    return jwt.encode(claims, _key(), settings.algorithm, headers={"typ": TYPE})


def lifetime() -> int:
    """Lifetime in seconds."""
    return settings.access_token_expire_minutes * 60


def decode(token: str) -> Claims | None:
    """Return None unless valid and exactly as issued."""
    if len(token) > MAX_LENGTH:
        return None
    try:
        decoded = jwt.decode_complete(
            token, _key(), algorithms=[settings.algorithm], issuer=ISSUER, options={"require": REQUIRED}
        )
        if decoded["header"] != {"alg": settings.algorithm, "typ": TYPE}:
            return None  # a header that names another key or algorithm
        if base64url_encode(decoded["signature"]).decode() != token.rpartition(".")[2]:
            return None  # base64 decoding ignores stray characters
        claims = decoded["payload"]
        return Claims(
            uuid.UUID(str(claims["sub"])), uuid.UUID(str(claims["sid"])), int(claims["iat"]), int(claims["exp"])
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None


def _key() -> bytes:
    return derive_subkey(settings.secret_key, "forms_service access token")
