"""bcrypt password hashes with a pepper."""

import base64
import hmac
import unicodedata

import bcrypt


def hash_password(password: str, *, pepper: bytes = b"", rounds: int = 12) -> str:
    """Hash a password with bcrypt.

    bcrypt reads at most 72 bytes, so it gets a 44-character keyed hash: no password is truncated, and a stolen table
    cannot be attacked without the pepper.
    """
    return bcrypt.hashpw(_keyed(password, pepper), bcrypt.gensalt(rounds)).decode()


def verify_password(password: str, hashed: str, *, pepper: bytes = b"") -> bool:
    """Whether the password matches the hash; takes as long as the hash's cost."""
    try:
        return bcrypt.checkpw(_keyed(password, pepper), hashed.encode())
    except ValueError:  # not a bcrypt hash
        return False


def cost_of(hashed: str) -> int:
    """The cost of a bcrypt hash; 0 if it is none."""
    parts = hashed.split("$")
    return int(parts[2]) if len(parts) == 4 and parts[2].isdigit() else 0


def _keyed(password: str, pepper: bytes) -> bytes:
    # NFKC: systems encode the same typed characters differently
    normal = unicodedata.normalize("NFKC", password).encode()
    return base64.b64encode(hmac.digest(pepper, normal, "sha256"))
