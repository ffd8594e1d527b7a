"""Signatures that show a text was not changed on its way, and keys for one purpose made from another."""

import hmac


def create_hmac_signature(data: str, secret_key: str) -> str:
    """HMAC-SHA-256 of the text, in hexadecimal."""
    return hmac.digest(secret_key.encode(), data.encode(), "sha256").hex()


def verify_hmac_signature(data: str, signature: str, secret_key: str) -> bool:
    """Whether it is the text's signature under that key; takes the same time either way."""
    return hmac.compare_digest(signature.encode(), create_hmac_signature(data, secret_key).encode())


def derive_subkey(secret_key: str, purpose: str) -> bytes:
    """64 bytes for one purpose; whoever learns them knows neither the secret nor the key of another purpose."""
    return hmac.digest(secret_key.encode(), purpose.encode(), "sha512")
