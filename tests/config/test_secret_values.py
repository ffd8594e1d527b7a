"""Guessable secrets are refused at start, random ones never."""

import base64
import secrets

import pytest

from forms_service.config.secret_values import bearer_token, encryption_keys, secret_key
from tests.config.test_settings import problems
from tests.conftest import MakeSettings

KNOWN = [
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "reallyreallyreallyreallyverysafe",
    "<random_string_at_least_32_characters_long>",
    "16f8c0ef4a5d391b26034086c628469d3f9f497f08163ab9b40137092f2909ef",
    "16F8C0EF4A5D391B26034086C628469D3F9F497F08163AB9B40137092F2909EF",
]
REGULAR = [
    "a" * 64,
    "ab" * 20,
    "abcdefgh" * 4,
    "0123456789abcdef" * 2,
    "0123456789abcdef0123456789abcdef01234",
    "abcdefghijklmnopqrstuvwxyz012345",
    "12345678901234567890123456789012",
    "zyxwvutsrqponmlkjihgfedcba987654",
    "qwertyuiopasdfghjklzxcvbnm123456",
    "aabbccddeeffgghhiijjkkllmmnnoopp",
    "Xk9#Xk9#" * 5,
    "kV3-mushroom-lamp-7q-kV3-mushroom-lamp-7q",
    "kV3-mushroom-lamp-7q-twice-kV3-mushroom-lamp",
    "your-256-bit-secret_for_signing_x9Tq",
]


@pytest.mark.parametrize("value", KNOWN + REGULAR)
def test_a_known_or_regular_secret_key_is_refused(make_settings: MakeSettings, value: str) -> None:
    errors = problems(make_settings, SECRET_KEY=value)
    assert list(errors) == ["SECRET_KEY"]
    assert "at least 32 random characters" in str(errors)
    assert value not in str(errors)


@pytest.mark.parametrize(
    "value",
    ["a", "short-7xQ", "a" * 16, "abcdefghijklmnop", "1234567890123456", "changeme-changeme-1"],
)
def test_a_short_or_regular_token_is_refused(make_settings: MakeSettings, value: str) -> None:
    assert list(problems(make_settings, METRICS_TOKEN=value)) == ["METRICS_TOKEN"]


def test_random_secrets_are_taken() -> None:
    for _ in range(1000):
        secret_key(secrets.token_hex(16))
        secret_key(secrets.token_urlsafe(24))
        bearer_token(secrets.token_hex(8))
        bearer_token(secrets.token_urlsafe(12))
        encryption_keys(base64.b64encode(secrets.token_bytes(32)).decode())
    assert secret_key("another key of 32 characters or more")
