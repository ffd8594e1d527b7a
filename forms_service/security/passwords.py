"""Passwords at rest."""

import base64
import hmac
import unicodedata

import bcrypt


def hash_password(password: str, *, pepper: bytes = b"", rounds: int = 12) -> str:
    """A bcrypt hash of the whole password, in bcrypt's own format.

    bcrypt reads 72 bytes at most, so it is given the 44 characters of a keyed hash: nothing is cut off, and a
    stolen table cannot be attacked without the pepper.
    """
    return bcrypt.hashpw(_keyed(password, pepper), bcrypt.gensalt(rounds)).decode()


def verify_password(password: str, hashed: str, *, pepper: bytes = b"") -> bool:
    """Whether it is the password that was hashed; takes as long as the hash's cost says."""
    try:
        return bcrypt.checkpw(_keyed(password, pepper), hashed.encode())
    except ValueError:  # not a bcrypt hash
        return False


def cost_of(hashed: str) -> int:
    """The cost that a bcrypt hash was made at; 0 for what is none."""
    parts = hashed.split("$")
    return int(parts[2]) if len(parts) == 4 and parts[2].isdigit() else 0


def _keyed(password: str, pepper: bytes) -> bytes:
    # NFKC: the same keys typed on another system give the same password
    normal = unicodedata.normalize("NFKC", password).encode()
    return base64.b64encode(hmac.digest(pepper, normal, "sha256"))
