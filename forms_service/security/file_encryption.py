"""File encryption with AES-256-GCM, in constant memory.

STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, 2015): a nonce is file prefix, chunk number and last-chunk flag. Chunks
cannot be dropped, reordered or appended.
"""

import secrets
from collections.abc import Callable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"FSF\x01"  # last byte: format version

PREFIX_BYTES = 7
HEADER_BYTES = len(MAGIC) + PREFIX_BYTES
CHUNK_BYTES = 65_536  # of plaintext
TAG_BYTES = 16


class FileEncryptor:
    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._header = MAGIC + secrets.token_bytes(PREFIX_BYTES)
        self._waiting = bytearray()
        self._number = 0

    def update(self, data: bytes) -> bytes:
        """Return ready output; one chunk is held back."""
        self._waiting += data
        ready = b"" if self._number else self._begin()
        while len(self._waiting) > CHUNK_BYTES:
            ready += self._chunk(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]
        return ready

    def finish(self) -> bytes:
        begin = b"" if self._number else self._begin()
        return begin + self._chunk(bytes(self._waiting), last=True)

    def _begin(self) -> bytes:
        header, self._number = self._header, 1
        return header

    def _chunk(self, clear: bytes, *, last: bool) -> bytes:
        chunk = self._cipher.encrypt(_nonce(self._header, self._number, last=last), clear, self._header)
        self._number += 1
        return chunk


def decrypt_stream(key: bytes, read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield authenticated plaintext chunks.

    :raises ValueError: where changed, truncated or extended
    """
    header = read(HEADER_BYTES)
    if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
        raise ValueError("Not a file encrypted by this service.")
    cipher, number, chunk = AESGCM(key), 1, read(CHUNK_BYTES + TAG_BYTES)
    while True:
        next_chunk = read(CHUNK_BYTES + TAG_BYTES)
        try:
            clear = cipher.decrypt(_nonce(header, number, last=not next_chunk), chunk, header)
        except (InvalidTag, ValueError):
            raise ValueError("This file is damaged or incomplete.") from None
        yield clear
        if not next_chunk:
            return
        chunk, number = next_chunk, number + 1


def sealed_size(size: int) -> int:
    chunks = max(1, -(-size // CHUNK_BYTES))
    return HEADER_BYTES + size + chunks * TAG_BYTES


def _nonce(header: bytes, number: int, *, last: bool) -> bytes:
    return header[len(MAGIC) :] + number.to_bytes(4) + bytes([last])
