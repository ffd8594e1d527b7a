"""Password-based files: salt, then the stream of `file_encryption.py`."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from forms_service.security.file_encryption import CHUNK_BYTES, FileEncryptor, decrypt_stream
from forms_service.security.passphrase import SALT_BYTES, derive_key, generate_salt

MAGIC = b"FSP\x01"  # last byte: format version


def encrypt_file(source: BinaryIO, password: str) -> Iterator[bytes]:
    """Yield magic, salt, encrypted chunks."""
    salt = generate_salt()
    yield MAGIC + salt
    sealer = FileEncryptor(derive_key(password, salt))
    for piece in iter(_reader(source), b""):
        yield sealer.update(piece)
    yield sealer.finish()


def decrypt_file(source: BinaryIO, password: str) -> Iterator[bytes]:
    """Yield authenticated plaintext.

    :raises ValueError: for a wrong password or damaged file
    """
    head = source.read(len(MAGIC) + SALT_BYTES)
    if len(head) < len(MAGIC) + SALT_BYTES or not head.startswith(MAGIC):
        raise ValueError("This file was not made by flask encrypt.")
    try:
        yield from decrypt_stream(derive_key(password, head[len(MAGIC) :]), source.read)
    except ValueError as error:
        raise ValueError("Wrong password, or the file is damaged.") from error


def _reader(source: BinaryIO) -> Callable[[], bytes]:
    return lambda: source.read(CHUNK_BYTES)
