"""Byte buffers: in memory, then in an encrypted, unnamed file."""

import secrets
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MAX_IN_MEMORY = 65_536
"""Bytes per spool."""

MAX_ON_DISK = 2**30
"""Bytes per process."""


class SpoolFullError(OSError):
    """MAX_ON_DISK is reached."""


class SpoolSpace:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._free = MAX_ON_DISK
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        """Reserve bytes, or raise SpoolFullError; a negative size returns them."""
        with self._lock:
            if size > self._free:
                raise SpoolFullError("too much is waiting for slow clients")
            self._free -= size


class Spool:
    """A byte queue, readable again after `rewind`."""

    def __init__(self, space: SpoolSpace) -> None:
        self._space = space
        self._memory = bytearray()
        self._file: _EncryptedFile | None = None
        self._size = 0
        self._position = 0

    @property
    def size(self) -> int:
        return self._size

    @property
    def unread(self) -> int:
        return self._size - self._position

    def append(self, data: bytes | memoryview) -> None:
        if self._file is None and len(self._memory) + len(data) <= MAX_IN_MEMORY:
            self._memory += data
        else:
            self._space.take(len(data))
            try:
                self._file = self._file or _EncryptedFile(self._space.folder)
                self._file.append(data)
            except OSError:  # a full disk: `clear` returns only what was written
                self._space.take(-len(data))
                raise
        self._size += len(data)

    def read(self, size: int) -> bytes:
        in_memory = len(self._memory)
        if self._position < in_memory:
            data = bytes(self._memory[self._position : self._position + size])
        elif self._file and self._position < self._size:
            data = self._file.read(min(size, self._size - self._position))
        else:
            return b""
        self._position += len(data)
        return data

    def rewind(self) -> None:
        self._position = 0
        if self._file:
            self._file.rewind()

    def clear(self) -> None:
        if self._file:
            self._space.take(-self._file.size)
            self._file.close()
        self._file = None
        self._memory = bytearray()
        self._size = self._position = 0


class _EncryptedFile:
    """Unlinked, under AES-CTR with its own key."""

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 (closed by `close`)
        self._cipher = Cipher(algorithms.AES(secrets.token_bytes(32)), modes.CTR(secrets.token_bytes(16)))
        self._encryptor: Any = self._cipher.encryptor()
        self.rewind()

    def append(self, data: bytes | memoryview) -> None:
        encrypted = memoryview(self._encryptor.update(data))
        self._file.seek(self.size)
        while encrypted:
            encrypted = encrypted[self._file.write(encrypted) :]
        self.size += len(data)

    def read(self, size: int) -> bytes:
        self._file.seek(self._read)
        encrypted = self._file.read(size)
        self._read += len(encrypted)
        plain: bytes = self._decryptor.update(encrypted)
        return plain

    def rewind(self) -> None:
        self._read = 0
        self._decryptor: Any = self._cipher.decryptor()

    def close(self) -> None:
        self._file.close()
