"""Whole files under a password: the streams of `streams.py`, with a salt in front."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from forms_service.security.file_encryption import CHUNK_BYTES, FileEncryptor, decrypt_stream
from forms_service.security.passphrase import SALT_BYTES, derive_key, generate_salt

MAGIC = b"FSP\x01"
"""Begins every such file; the last byte is the version of the format."""


def encrypt_file(source: BinaryIO, password: str) -> Iterator[bytes]:
    """The file encrypted, piece by piece: magic, salt, then the chunks of a stream."""
    salt = generate_salt()
    yield MAGIC + salt
    sealer = FileEncryptor(derive_key(password, salt))
    for piece in iter(_reader(source), b""):
        yield sealer.update(piece)
    yield sealer.finish()


def decrypt_file(source: BinaryIO, password: str) -> Iterator[bytes]:
    """The file in clear, piece by piece; each was checked before it is given.

    :raises ValueError: for a wrong password, and for a file that was changed, cut off or never ours
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
