"""When somebody asked for a page, in a hidden field of it that nobody can make up."""

import time

from forms_service.config import settings
from forms_service.security.signatures import create_hmac_signature, derived_key, verify_hmac_signature

PURPOSE = "forms_service started"
MAX_TOKEN_LENGTH = 100


def issue(age: float = 0) -> str:
    """A token for a page that was first shown so many seconds ago."""
    moment = f"{time.time() - age:.3f}"
    return f"{moment}.{create_hmac_signature(moment, _key())}"


def age_of(token: str) -> float | None:
    """Seconds since it was issued; None for one that is not ours or from the future."""
    moment, _, signature = token[:MAX_TOKEN_LENGTH].rpartition(".")
    if not token.isascii() or not verify_hmac_signature(moment, signature, _key()):
        return None
    age = time.time() - float(moment)
    return age if age >= -1 else None


def _key() -> str:
    """A key for this alone, so that a token of another kind is none of this one."""
    return derived_key(settings.secret_key, PURPOSE).hex()
