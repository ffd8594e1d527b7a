"""Random tokens."""

import secrets


def generate_secure_token(length: int = 32) -> str:
    """Generate random bytes as URL-safe text; 32 bytes are 43 characters."""
    return secrets.token_urlsafe(length)
