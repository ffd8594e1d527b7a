"""Files under AES-256-GCM, in chunks, so that one of any size is never whole in memory nor in clear on a disk.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, 2015): a chunk's nonce is a prefix of the file, the
chunk's number, and whether it is the last one. So no chunk can be changed, left out, moved, or added at the end.
"""

import secrets
from collections.abc import Callable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"FSF\x01"
"""What a file begins with; the last byte is the version of the format."""

PREFIX_BYTES = 7
HEADER_BYTES = len(MAGIC) + PREFIX_BYTES
CHUNK_BYTES = 65_536
"""Bytes in clear of every chunk but the last."""

TAG_BYTES = 16


class FileEncryptor:
    """Encrypts one file while it comes in: `update` for every piece, `finish` once."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._header = MAGIC + secrets.token_bytes(PREFIX_BYTES)
        self._waiting = bytearray()
        self._number = 0

    def update(self, data: bytes) -> bytes:
        """What is ready to be written; a chunk waits until it is certain not to be the last."""
        self._waiting += data
        ready = b"" if self._number else self._begin()
        while len(self._waiting) > CHUNK_BYTES:
            ready += self._chunk(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]
        return ready

    def finish(self) -> bytes:
        """The rest."""
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
    """The file that `read(size)` gives, in clear, chunk by chunk; each was checked before it is given.

    :raises ValueError: at the place where it was changed, cut off, or something was added
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
    """Bytes that a file of that size takes when it is encrypted."""
    chunks = max(1, -(-size // CHUNK_BYTES))
    return HEADER_BYTES + size + chunks * TAG_BYTES


def _nonce(header: bytes, number: int, *, last: bool) -> bytes:
    return header[len(MAGIC) :] + number.to_bytes(4) + bytes([last])
