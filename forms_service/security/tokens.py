"""Random tokens."""

import secrets


def generate_secure_token(length: int = 32) -> str:
    """Generate `length` random bytes as URL-safe text."""
    return secrets.token_urlsafe(length)
