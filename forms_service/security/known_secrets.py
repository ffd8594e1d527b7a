"""Secrets that stand in public lists of those found in tutorials, images and repositories.

known_secrets.bin holds the first 6 bytes of the SHA-256 of each, in small letters; the NOTICE beside it says whence.
"""

import hashlib
from functools import cache
from importlib.resources import files

BYTES = 6
"""Of a digest: of a billion random secrets about ten would be taken for known."""


def is_known(secret: str) -> bool:
    """Whether a secret stands in a public list, in whatever case."""
    return _digest(secret.strip().casefold()) in _digests()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()[:BYTES]


@cache
def _digests() -> frozenset[bytes]:
    packed = files(__package__).joinpath("known_secrets.bin").read_bytes()
    return frozenset(packed[start : start + BYTES] for start in range(0, len(packed), BYTES))
