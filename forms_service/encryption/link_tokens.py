"""Tokens of links in mails: bytes with a MAC in front, as text for a URL."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from forms_service.encryption.keyring import current_key_ring

MAC_BYTES = 16


def make_mac(text: str, context: str) -> bytes:
    """Return a MAC under the index key, which outlives SECRET_KEY and ENCRYPTION_KEYS: old mails stay good."""
    return current_key_ring().index(text, context)[:MAC_BYTES]


def encode(mac: bytes, body: bytes) -> str:
    return urlsafe_b64encode(mac + body).decode().rstrip("=")


def decode(token: str, max_length: int) -> tuple[bytes, bytes]:
    """Return MAC and body, neither checked; both are empty for what is no token."""
    try:
        raw = urlsafe_b64decode(token[:max_length].encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        return b"", b""
    return raw[:MAC_BYTES], raw[MAC_BYTES:]
