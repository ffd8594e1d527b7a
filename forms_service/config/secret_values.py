"""Parsers that refuse guessable and published secrets."""

import base64
import binascii
import itertools
import re
from collections.abc import Sequence

from marshmallow import ValidationError

from forms_service.security.known_secrets import is_known

WELL_KNOWN = (
    "changeme",
    "change-me",
    "change_me",
    "changethis",
    "change-this",
    "change_this",
    "your-secret-key",
    "your_secret_key",
    "supersecretkey",
    "super-secret-key",
    "django-insecure",
    "256-bit-secret",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",  # Flask's documentation
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",  # FastAPI's documentation
)
"""Parts of keys from tutorials, in lower case."""

MIN_DISTINCT = 8
"""Distinct characters that 32 random ones certainly have."""

MIN_SECRET_KEY, MIN_BEARER_TOKEN = 32, 16

KEYBOARD_ROWS = "qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm azertyuiop qsdfghjklm wxcvbn 1234567890"
ADJACENT_KEYS = frozenset(pair for row in (KEYBOARD_ROWS, KEYBOARD_ROWS[::-1]) for pair in itertools.pairwise(row))
"""Neighbouring keys on a keyboard."""


def secret_key(raw: str) -> str:
    """Parse at least 32 random characters."""
    if len(raw) < MIN_SECRET_KEY or is_trivial(raw, MIN_SECRET_KEY):
        raise ValidationError("Must be at least 32 random characters, such as the output of: flask keys generate.")
    return raw


def bearer_token(raw: str) -> str:
    """Parse at least 16 characters that fit a header."""
    token = raw.strip()
    if not re.fullmatch("[!-~]+", token):
        raise ValidationError("Must be ASCII letters, digits and punctuation, without spaces.")
    if len(token) < MIN_BEARER_TOKEN or is_trivial(token, MIN_BEARER_TOKEN):
        raise ValidationError("Must be at least 16 random characters, such as the output of: flask keys generate.")
    return token


def encryption_keys(raw: str) -> tuple[bytes, ...]:
    """Parse comma-separated base64 keys of 32 bytes; the first wraps, all unwrap."""
    return tuple(_encryption_key(key.strip()) for key in raw.strip(", ").split(","))


def is_trivial(secret: str, min_length: int) -> bool:
    """Whether it is well known, repetitive, sequential or rolled on a keyboard."""
    if any(part in secret.lower() for part in WELL_KNOWN) or is_known(secret):
        return True
    characters = [ord(character) for character in secret.lower()]
    rolled = sum(pair in ADJACENT_KEYS for pair in zip(secret.lower(), secret.lower()[1:], strict=False))
    return rolled > len(secret) // 2 or _is_regular(secret, characters, min_length)


def _is_regular(secret: Sequence[object], numbers: Sequence[int], min_length: int) -> bool:
    period = _period(secret)
    repeats = period <= len(secret) * 2 // 3 and period < min_length
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    counted = sum(abs(step) <= 1 or step == following for step, following in itertools.pairwise(steps))
    return len(set(secret)) < min(MIN_DISTINCT, min_length // 3) or repeats or counted > len(secret) * 2 // 3


def _period(secret: Sequence[object]) -> int:
    # prefix function of Knuth-Morris-Pratt, linear time
    borders = [0] * len(secret)
    for index in range(1, len(secret)):
        border = borders[index - 1]
        while border and secret[index] != secret[border]:
            border = borders[border - 1]
        borders[index] = border + (secret[index] == secret[border])
    return len(secret) - borders[-1]


def _encryption_key(encoded: str) -> bytes:
    try:
        padded = encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4)
        key = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32 or len(set(key)) < MIN_DISTINCT or is_known(encoded):
        raise ValidationError(
            "Must be base64 of 32 random bytes, by comma, such as the output of: flask keys generate."
        )
    return key
