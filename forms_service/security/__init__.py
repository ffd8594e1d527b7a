"""Passwords, encryption, signatures and tokens, without Flask or database."""

from forms_service.security.passphrase import decrypt_data, derive_key, encrypt_data, generate_key, generate_salt
from forms_service.security.passwords import hash_password, verify_password
from forms_service.security.signatures import create_hmac_signature, derive_subkey, verify_hmac_signature
from forms_service.security.tokens import generate_secure_token

__all__ = [
    "create_hmac_signature",
    "decrypt_data",
    "derive_key",
    "derive_subkey",
    "encrypt_data",
    "generate_key",
    "generate_salt",
    "generate_secure_token",
    "hash_password",
    "verify_hmac_signature",
    "verify_password",
]
