"""Published secrets: known_secrets.bin holds truncated SHA-256 digests, NOTICE the source."""

import hashlib
from functools import cache
from importlib.resources import files

BYTES = 6  # per digest: about one in 10^11 random secrets matches by accident


def is_known(secret: str) -> bool:
    """Whether a secret is public, in any case."""
    return _digest(secret.strip().casefold()) in _digests()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()[:BYTES]


@cache
def _digests() -> frozenset[bytes]:
    packed = files(__package__).joinpath("known_secrets.bin").read_bytes()
    return frozenset(packed[start : start + BYTES] for start in range(0, len(packed), BYTES))
