"""bcrypt password hashes with a pepper."""

import base64
import hmac
import unicodedata

import bcrypt


def hash_password(password: str, *, pepper: bytes = b"", rounds: int = 12) -> str:
    """Apply bcrypt to a keyed hash."""
    # bcrypt truncates at 72 bytes, and a stolen table cannot be attacked without the pepper
    return bcrypt.hashpw(_keyed(password, pepper), bcrypt.gensalt(rounds)).decode()


def verify_password(password: str, hashed: str, *, pepper: bytes = b"") -> bool:
    """Takes as long as the hash's cost."""
    try:
        return bcrypt.checkpw(_keyed(password, pepper), hashed.encode())
    except ValueError:  # not a bcrypt hash
        return False


def cost_of(hashed: str) -> int:
    """Return a bcrypt hash's cost, 0 for others."""
    parts = hashed.split("$")
    return int(parts[2]) if len(parts) == 4 and parts[2].isdigit() else 0


def _keyed(password: str, pepper: bytes) -> bytes:
    # NFKC: systems encode the same typed characters differently
    normal = unicodedata.normalize("NFKC", password).encode()
    return base64.b64encode(hmac.digest(pepper, normal, "sha256"))
