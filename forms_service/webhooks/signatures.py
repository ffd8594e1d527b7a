"""Standard Webhooks 1.0: secrets, and the headers that let a receiver verify a request."""

import base64
import hmac
import secrets as random
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_SIZE = 32
MIN_SECRET_SIZE, MAX_SECRET_SIZE = 24, 64
"""Bytes before base64."""

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def new_secret() -> str:
    """Return a random secret in its printable form."""
    return PREFIX + base64.b64encode(random.token_bytes(SECRET_SIZE)).decode()


def decode_secret(secret: str) -> bytes:
    """Return the key of a secret, with or without its prefix.

    :raises ValueError: when it is not base64 of 24 to 64 bytes
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("A webhook secret is whsec_ and base64.") from error
    if not MIN_SECRET_SIZE <= len(key) <= MAX_SECRET_SIZE:
        raise ValueError(f"A webhook secret has {MIN_SECRET_SIZE} to {MAX_SECRET_SIZE} bytes.")
    return key


def sign(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return the signatures, one for each secret: two while a secret rotates.

    `timestamp` is the time of the attempt, in seconds since 1970.
    """
    if not secrets:
        raise ValueError("A webhook is signed by at least one secret.")
    if not webhook_id or "." in webhook_id:
        # a dot would let two different requests have the same signed text
        raise ValueError("A webhook id has no dots.")
    content = f"{webhook_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(decode_secret(secret), content, "sha256") for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def headers(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a signed request."""
    return {
        ID: webhook_id,
        TIMESTAMP: str(timestamp),
        SIGNATURE: sign(secrets, webhook_id, timestamp, body),
    }
