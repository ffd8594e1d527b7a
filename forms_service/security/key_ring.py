"""The key ring: fields under AES-256-GCM, the blind index, and how the keys themselves are kept wrapped."""

import hmac
import os
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
PREFIX_BYTES = 4
VERSION = 1
"""Of what is encrypted now. Version 0 had four bytes of key id, of which the first was 0, and no row."""

KEY_BYTES = 32
MIN_CIPHERTEXT = PREFIX_BYTES + NONCE_BYTES + 16
"""Bytes of an empty text: mark, nonce and tag."""


class UnknownKeyError(ValueError):
    """Data under a key that this ring does not hold: another process has made a newer one."""


class KeyRing:
    """Keys in the clear, in memory only: data keys by id, the index key and the password pepper.

    A nonce is random, so one data key is good for 2^32 values (NIST SP 800-38D, 8.3); `flask keys rotate --data`
    starts the next.
    """

    def __init__(self, data_keys: Mapping[int, bytes], index_key: bytes, pepper: bytes) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in data_keys.items()}
        self.current = max(data_keys)
        self.prefix = key_prefix(self.current)
        """Begins what is encrypted now; what begins otherwise is under an older key, or of an older version."""

        self._index_hash = hmac.new(index_key, digestmod="sha256")
        self.pepper = pepper

    def encrypt(self, text: str, context: str, row: str) -> bytes:
        """Version (1 byte), key id (3), nonce (12), ciphertext and tag (16); only this row's `place` decrypts it."""
        nonce = os.urandom(NONCE_BYTES)
        associated = f"{context}\0{row}".encode()
        return self.prefix + nonce + self._ciphers[self.current].encrypt(nonce, text.encode(), associated)

    def decrypt(self, ciphertext: bytes, context: str, row: str) -> str:
        """The text that was encrypted for that place of that row; values of version 0 know only their place.

        :raises UnknownKeyError: when its key is not on the ring
        :raises ValueError: when it was changed, or belongs to another place or row
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
        """32 bytes by which equal texts are found without being readable: HMAC-SHA-256, another for each place."""
        keyed = self._index_hash.copy()  # hmac.digest would let go of the interpreter's lock for it: 12 µs instead of 3
        keyed.update(f"{context}\0{text}".encode())
        return keyed.digest()


def row_key(key: Iterable[object]) -> str:
    """Return a primary key as text, the same on both databases."""
    return ",".join(map(_part_text, key))


def _part_text(part: object) -> str:
    if isinstance(part, uuid.UUID):
        return part.hex
    return part.hex() if isinstance(part, bytes) else str(part)


def key_prefix(key_id: int) -> bytes:
    """The bytes that begin every value of this version under that data key."""
    return bytes([VERSION]) + key_id.to_bytes(PREFIX_BYTES - 1)


def wrap(key: bytes, wrapping_key: bytes, label: str) -> bytes:
    """A key encrypted under another; `label` says which, and must be said again to unwrap it."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, key, label.encode())


def unwrap(wrapped: bytes, wrapping_keys: Sequence[bytes], label: str) -> bytes:
    """The key that one of the wrapping keys was used on.

    :raises ValueError: when none of them was
    """
    for wrapping_key in wrapping_keys:
        try:
            return AESGCM(wrapping_key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], label.encode())
        except InvalidTag:
            continue
    raise ValueError("None of ENCRYPTION_KEYS unwraps the keys of this database.")
