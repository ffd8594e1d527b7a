"""Tokens that nobody can guess."""

import secrets


def generate_secure_token(length: int = 32) -> str:
    """That many random bytes as URL-safe text; 32 are 256 bits in 43 characters."""
    return secrets.token_urlsafe(length)
