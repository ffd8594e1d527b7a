"""Password-based text encryption."""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

ITERATIONS = 600_000  # OWASP (2023) for PBKDF2-HMAC-SHA-256

SALT_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


def generate_key() -> str:
    """Generate base64, for SECRET_KEY or ENCRYPTION_KEYS."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def generate_salt(length: int = SALT_BYTES) -> bytes:
    return secrets.token_bytes(length)


def derive_key(password: str, salt: bytes, iterations: int = ITERATIONS) -> bytes:
    """Derive 32 bytes in 0.15 s."""
    return PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=iterations).derive(password.encode())


def encrypt_data(data: str, password: str) -> str:
    """Return base64 of salt, nonce, AES-256-GCM ciphertext and tag."""
    salt, nonce = generate_salt(), secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(derive_key(password, salt)).encrypt(nonce, data.encode(), None)
    return base64.b64encode(salt + nonce + sealed).decode()


def decrypt_data(encrypted_data: str, password: str) -> str:
    """Reverse `encrypt_data`.

    :raises ValueError: for a wrong password or damaged data
    """
    try:
        data = base64.b64decode(encrypted_data.encode(), validate=True)
        salt, nonce, sealed = data[:SALT_BYTES], data[SALT_BYTES:][:NONCE_BYTES], data[SALT_BYTES + NONCE_BYTES :]
        if len(sealed) < TAG_BYTES:
            raise ValueError("too short")
        return AESGCM(derive_key(password, salt)).decrypt(nonce, sealed, None).decode()
    except (InvalidTag, ValueError) as error:
        raise ValueError("Wrong password, or the data is damaged.") from error
