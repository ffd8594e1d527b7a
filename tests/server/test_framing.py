"""Framing of requests and spooling of bytes, without a server."""

import io
from pathlib import Path

import pytest

from forms_service.server.connection import BodyPendingError, Request, RequestReader
from forms_service.server.framing import expects_continue
from forms_service.server.spool import MAX_IN_MEMORY, MAX_ON_DISK, Spool, SpoolFullError, SpoolSpace

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
WHOLE = {
    "no body": HEAD + b"\r\n",
    "sized": HEAD + b"content-length: 5\r\n\r\nhello",
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "a long number": HEAD + b"Content-Length: 00000000000000000000000005\r\n\r\nhello",
    "trailers": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n",
}


def request(tmp_path: Path, max_body: int = 2**20) -> Request:
    return Request(SpoolSpace(tmp_path), max_body)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_request_ends_where_it_says(tmp_path: Path, name: str, size: int) -> None:
    data, arriving = WHOLE[name], request(tmp_path)
    for start in range(0, len(data), size):
        assert not arriving.complete
        assert arriving.feed(data[start : start + size]) == b""
    assert arriving.complete
    assert not arriving.truncated
    assert b"".join(iter(lambda: arriving.read(10), b"")) == data
    assert arriving.exhausted()


@pytest.mark.parametrize("name", WHOLE)
def test_what_follows_a_request_is_left_for_the_next(tmp_path: Path, name: str) -> None:
    assert request(tmp_path).feed(WHOLE[name] + b"GET / HT") == b"GET / HT"


@pytest.mark.parametrize("size", [b"zz", b"", b"-5", b"0x5", b"1_0", b"f" * 17])
def test_chunks_that_are_none_are_left_to_the_parser(tmp_path: Path, size: bytes) -> None:
    arriving = request(tmp_path)
    arriving.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n")
    assert arriving.complete


def test_many_small_chunks_are_not_read_to_their_end(tmp_path: Path) -> None:
    arriving = request(tmp_path)
    rest = arriving.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 10_000 + b"0\r\n\r\n")
    assert arriving.complete
    assert arriving.body_size < 5_000 * 6
    assert rest


@pytest.mark.parametrize(("count", "size"), [(4_000, 1), (1, 100_000), (20_000, 300)])
def test_chunks_of_fair_sizes_are_read(tmp_path: Path, count: int, size: int) -> None:
    arriving = request(tmp_path, max_body=2**24)
    chunk = b"%x\r\n%s\r\n" % (size, b"a" * size)
    assert arriving.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * count + b"0\r\n\r\nGET") == b"GET"
    assert arriving.complete
    assert not arriving.truncated
    arriving.clear()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_only_clients_of_http_1_1_are_told_to_go_on(version: str) -> None:
    head = f"POST / HTTP/{version}\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n".encode()
    assert expects_continue(head) is (version == "1.1")


def test_a_body_without_an_end_is_cut(tmp_path: Path) -> None:
    arriving = request(tmp_path, max_body=1000)
    arriving.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n")
    arriving.feed(b"a" * 1001)
    assert arriving.complete
    assert arriving.truncated


@pytest.mark.parametrize("digits", [19, 22, 5000])
def test_a_body_longer_than_any_never_ends_early(tmp_path: Path, digits: int) -> None:
    arriving = request(tmp_path, max_body=1000)
    arriving.feed(HEAD + b"Content-Length: " + b"9" * digits + b"\r\n\r\n")
    assert not arriving.complete
    assert arriving.feed(b"a" * 1001) == b""
    assert arriving.truncated


def test_a_head_without_an_end_is_cut(tmp_path: Path) -> None:
    arriving = request(tmp_path)
    for _ in range(200):
        arriving.feed(b"a" * 1000)
    assert arriving.truncated


def test_reading_on_says_that_more_is_to_come(tmp_path: Path) -> None:
    arriving = request(tmp_path)
    arriving.feed(HEAD + b"Content-Length: 5\r\n\r\nhe")
    source = RequestReader(arriving, partial=True)
    source.recv(1000)
    assert source.recv(1000) == b"he"
    with pytest.raises(BodyPendingError):
        source.recv(1000)


def test_what_waits_is_read_back_and_lies_nowhere_in_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: files.append((tmp_path / "seen").open("w+b")) or files[0])
    spool = Spool(SpoolSpace(tmp_path))
    data = b"xylophone " * MAX_IN_MEMORY
    for start in range(0, len(data), 10_007):
        spool.append(data[start : start + 10_007])
    for _ in range(2):
        assert b"".join(iter(lambda: spool.read(9_999), b"")) == data
        spool.rewind()
    files[0].flush()
    assert (tmp_path / "seen").stat().st_size > 9 * MAX_IN_MEMORY
    assert b"xylophone" not in (tmp_path / "seen").read_bytes()
    spool.clear()
    assert spool.unread == 0
    assert files[0].closed


def test_a_file_that_waits_has_no_name(tmp_path: Path) -> None:
    spool = Spool(SpoolSpace(tmp_path))
    spool.append(b"a" * (MAX_IN_MEMORY + 1))
    assert list(tmp_path.iterdir()) == []
    spool.clear()


def test_all_that_waits_together_is_bounded_and_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forms_service.server.spool.MAX_ON_DISK", 2 * MAX_IN_MEMORY)
    space = SpoolSpace(tmp_path)
    first, second = Spool(space), Spool(space)
    first.append(b"a" * (2 * MAX_IN_MEMORY))
    with pytest.raises(SpoolFullError):
        second.append(b"a" * (MAX_IN_MEMORY + 1))
    first.clear()
    second.append(b"a" * (MAX_IN_MEMORY + 1))
    second.clear()


def test_what_a_full_disk_refuses_takes_no_space_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = SpoolSpace(tmp_path)
    with monkeypatch.context() as full:
        full.setattr("tempfile.TemporaryFile", lambda **_: io.FileIO("/dev/full", "r+"))
        spool = Spool(space)
        with pytest.raises(OSError, match="No space left"):
            spool.append(b"a" * (MAX_IN_MEMORY + 1))
        spool.clear()
    space.take(MAX_ON_DISK)
