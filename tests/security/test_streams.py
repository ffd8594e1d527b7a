"""File encryption: no changed, truncated, reordered or extended file decrypts completely."""

import io
import secrets

import pytest

from forms_service.security.file_encryption import (
    CHUNK_BYTES,
    HEADER_BYTES,
    MAGIC,
    TAG_BYTES,
    FileEncryptor,
    decrypt_stream,
    sealed_size,
)

KEY = bytes(range(32))
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7)


def sealed(clear: bytes, piece: int = 10_000) -> bytes:
    sealer = FileEncryptor(KEY)
    return b"".join(sealer.update(clear[at : at + piece]) for at in range(0, len(clear), piece)) + sealer.finish()


def clear(data: bytes, key: bytes = KEY) -> bytes:
    return b"".join(decrypt_stream(key, io.BytesIO(data).read))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [1000, CHUNK_BYTES, 5 * CHUNK_BYTES])
def test_files_of_any_size_round_trip(size: int, piece: int) -> None:
    content = secrets.token_bytes(size)
    data = sealed(content, piece)
    assert clear(data) == content
    assert len(data) == sealed_size(size)
    assert size < 16 or content[:16] not in data


def test_equal_files_encrypt_differently() -> None:
    one, other = sealed(b"a" * 100), sealed(b"a" * 100)
    assert one[HEADER_BYTES:] != other[HEADER_BYTES:]


@pytest.mark.parametrize("at", [0, 3, 4, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + SEALED_CHUNK, -1])
def test_a_flipped_bit_is_an_error(at: int) -> None:
    data = bytearray(sealed(b"a" * (2 * CHUNK_BYTES)))
    data[at] ^= 1
    with pytest.raises(ValueError):
        clear(bytes(data))


@pytest.mark.parametrize(
    "cut",
    [
        0,
        1,
        len(MAGIC),
        HEADER_BYTES,
        HEADER_BYTES + 1,
        HEADER_BYTES + SEALED_CHUNK,
        HEADER_BYTES + 2 * SEALED_CHUNK,
        -1,
    ],
)
def test_a_truncated_file_is_an_error_even_at_a_chunk_boundary(cut: int) -> None:
    with pytest.raises(ValueError):
        clear(sealed(b"a" * (3 * CHUNK_BYTES))[:cut])


def chunks(data: bytes) -> list[bytes]:
    body = data[HEADER_BYTES:]
    return [body[at : at + SEALED_CHUNK] for at in range(0, len(body), SEALED_CHUNK)]


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2), (0, 1, 1, 2), (2, 1, 0), (1, 2), (0, 1, 2, 2), (0, 1)])
def test_reordered_duplicated_or_missing_chunks_are_an_error(order: tuple[int, ...]) -> None:
    data = sealed(b"".join(bytes([letter]) * CHUNK_BYTES for letter in b"abc"))
    parts = chunks(data)
    assert clear(data[:HEADER_BYTES] + b"".join(parts)) == clear(data)
    with pytest.raises(ValueError):
        clear(data[:HEADER_BYTES] + b"".join(parts[number] for number in order))


@pytest.mark.parametrize("more", [b"\0", b"a" * SEALED_CHUNK])
@pytest.mark.parametrize("size", [0, 5, CHUNK_BYTES])
def test_appended_data_is_an_error(size: int, more: bytes) -> None:
    with pytest.raises(ValueError):
        clear(sealed(b"a" * size) + more)


def test_a_chunk_of_another_file_is_an_error_under_the_same_key() -> None:
    one, other = sealed(b"a" * 3 * CHUNK_BYTES), sealed(b"b" * 3 * CHUNK_BYTES)
    mixed = one[:HEADER_BYTES] + chunks(other)[0] + b"".join(chunks(one)[1:])
    with pytest.raises(ValueError):
        clear(mixed)


def test_another_key_is_an_error() -> None:
    with pytest.raises(ValueError):
        clear(sealed(b"secret"), key=bytes(32))


def test_decryption_stops_at_the_first_damaged_chunk() -> None:
    data = bytearray(sealed(b"a" * CHUNK_BYTES + b"b" * CHUNK_BYTES))
    data[-1] ^= 1
    pieces = decrypt_stream(KEY, io.BytesIO(bytes(data)).read)
    assert next(pieces) == b"a" * CHUNK_BYTES
    with pytest.raises(ValueError, match="damaged or incomplete"):
        next(pieces)
