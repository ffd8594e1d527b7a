"""Text under a password, for one-off use: what is stored in the database goes through the key ring instead."""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

ITERATIONS = 600_000
"""Rounds of PBKDF2-HMAC-SHA-256 that OWASP's password storage cheat sheet asks for (2023)."""

SALT_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


def generate_key() -> str:
    """32 random bytes as base64: fit for SECRET_KEY and for ENCRYPTION_KEYS."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def generate_salt(length: int = SALT_BYTES) -> bytes:
    """That many random bytes."""
    return secrets.token_bytes(length)


def derive_key(password: str, salt: bytes, iterations: int = ITERATIONS) -> bytes:
    """A key of 32 bytes from a password; takes about 0.15 s at the default."""
    return PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=iterations).derive(password.encode())


def encrypt_data(data: str, password: str) -> str:
    """Any text as base64 of salt, nonce and AES-256-GCM ciphertext with its tag."""
    salt, nonce = generate_salt(), secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(derive_key(password, salt)).encrypt(nonce, data.encode(), None)
    return base64.b64encode(salt + nonce + sealed).decode()


def decrypt_data(encrypted_data: str, password: str) -> str:
    """The text that `encrypt_data` was given.

    :raises ValueError: for a wrong password and for data that was changed, cut or never ours
    """
    try:
        data = base64.b64decode(encrypted_data.encode(), validate=True)
        salt, nonce, sealed = data[:SALT_BYTES], data[SALT_BYTES:][:NONCE_BYTES], data[SALT_BYTES + NONCE_BYTES :]
        if len(sealed) < TAG_BYTES:
            raise ValueError("too short")
        return AESGCM(derive_key(password, salt)).decrypt(nonce, sealed, None).decode()
    except (InvalidTag, ValueError) as error:
        raise ValueError("Wrong password, or the data is damaged.") from error
