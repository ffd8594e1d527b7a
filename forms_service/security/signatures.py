"""HMAC signatures and derived keys."""

import hmac


def create_hmac_signature(data: str, secret_key: str) -> str:
    """Return HMAC-SHA-256 in hexadecimal."""
    return hmac.digest(secret_key.encode(), data.encode(), "sha256").hex()


def verify_hmac_signature(data: str, signature: str, secret_key: str) -> bool:
    """Whether the signature matches, in constant time."""
    return hmac.compare_digest(signature.encode(), create_hmac_signature(data, secret_key).encode())


def derive_subkey(secret_key: str, purpose: str) -> bytes:
    """Derive 64 bytes, independent per purpose."""
    return hmac.digest(secret_key.encode(), purpose.encode(), "sha512")
