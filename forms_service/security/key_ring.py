"""Key ring: AES-256-GCM encryption, blind index and key wrapping."""

import hmac
import os
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
PREFIX_BYTES = 4
VERSION = 1  # version 0: a 4-byte key id starting with 0, and no row in the associated data
KEY_BYTES = 32
MIN_CIPHERTEXT = PREFIX_BYTES + NONCE_BYTES + 16  # tag


class UnknownKeyError(ValueError):
    """Another process created a newer key."""


class KeyRing:
    """Nonces are random: rotate (`flask keys rotate --data`) within 2^32 values (NIST SP 800-38D, 8.3)."""

    def __init__(self, data_keys: Mapping[int, bytes], index_key: bytes, pepper: bytes) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in data_keys.items()}
        self.current = max(data_keys)
        self.prefix = key_prefix(self.current)  # any other means an older key or format
        self._index_hash = hmac.new(index_key, digestmod="sha256")
        self.pepper = pepper

    def encrypt(self, text: str, context: str, row: str) -> bytes:
        """Return version (1 byte), key id (3), nonce (12), ciphertext and tag (16)."""
        nonce = os.urandom(NONCE_BYTES)
        associated = f"{context}\0{row}".encode()  # a value copied to another row or column does not decrypt
        return self.prefix + nonce + self._ciphers[self.current].encrypt(nonce, text.encode(), associated)

    def decrypt(self, ciphertext: bytes, context: str, row: str) -> str:
        """Decrypt a value.

        :raises UnknownKeyError: for a key not in the ring
        :raises ValueError: if changed, or of another context or row
        """
        if len(ciphertext) < MIN_CIPHERTEXT or ciphertext[0] > VERSION:
            raise ValueError("This value was changed.")
        cipher = self._ciphers.get(int.from_bytes(ciphertext[1:PREFIX_BYTES]))
        if cipher is None:
            raise UnknownKeyError("This value is encrypted under a key that is not in the key ring.")
        nonce, rest = ciphertext[PREFIX_BYTES : PREFIX_BYTES + NONCE_BYTES], ciphertext[PREFIX_BYTES + NONCE_BYTES :]
        associated = f"{context}\0{row}" if ciphertext[0] else context
        try:
            return cipher.decrypt(nonce, rest, associated.encode()).decode()
        except InvalidTag:
            raise ValueError("This value was changed, or copied from another row or column.") from None

    def index(self, text: str, context: str) -> bytes:
        """Return HMAC-SHA-256, separate per context."""
        keyed = self._index_hash.copy()  # hmac.digest() releases the GIL, which makes it 12 µs instead of 3
        keyed.update(f"{context}\0{text}".encode())
        return keyed.digest()


def row_key(key: Iterable[object]) -> str:
    """Return a primary key as text, equal on both databases."""
    return ",".join(map(_part_text, key))


def _part_text(part: object) -> str:
    if isinstance(part, uuid.UUID):
        return part.hex
    return part.hex() if isinstance(part, bytes) else str(part)


def key_prefix(key_id: int) -> bytes:
    return bytes([VERSION]) + key_id.to_bytes(PREFIX_BYTES - 1)


def wrap(key: bytes, wrapping_key: bytes, label: str) -> bytes:
    """Unwrapping needs the same `label`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, key, label.encode())


def unwrap(wrapped: bytes, wrapping_keys: Sequence[bytes], label: str) -> bytes:
    """Decrypt with whichever wrapping key fits, or raise ValueError."""
    for wrapping_key in wrapping_keys:
        try:
            return AESGCM(wrapping_key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], label.encode())
        except InvalidTag:
            continue
    raise ValueError("None of ENCRYPTION_KEYS unwraps the keys of this database.")
