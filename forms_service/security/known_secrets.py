"""Secrets published in tutorials, images and repositories.

known_secrets.bin holds the first 6 bytes of the SHA-256 of each, lower-cased; NOTICE names the sources.
"""

import hashlib
from functools import cache
from importlib.resources import files

BYTES = 6
"""Per digest: about ten in a billion random secrets match by accident."""


def is_known(secret: str) -> bool:
    """Whether a secret is in a public list, in any case."""
    return _digest(secret.strip().casefold()) in _digests()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()[:BYTES]


@cache
def _digests() -> frozenset[bytes]:
    packed = files(__package__).joinpath("known_secrets.bin").read_bytes()
    return frozenset(packed[start : start + BYTES] for start in range(0, len(packed), BYTES))
