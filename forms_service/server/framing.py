"""Finds a request's end (RFC 9112); gunicorn's parser interprets it.

Malformed input counts as complete, so that the parser refuses it.
"""

import re

HEAD_END = b"\r\n\r\n"
MAX_HEAD = 131_072
"""Bytes; gunicorn's limits are far lower."""

MAX_LINE = 16_384
"""Bytes of a chunk-size line or trailer."""

MAX_DIGITS = 18
"""Of a Content-Length; longer is refused anyway."""

MAX_SMALL_CHUNKS, FAIR_CHUNK = 4096, 256
"""Beyond so many, chunks must average FAIR_CHUNK bytes: each costs a step."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r\n", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_HEX = re.compile(rb"[0-9a-fA-F]{1,16}")


class SizedBody:
    def __init__(self, size: int) -> None:
        self._left = size

    @property
    def complete(self) -> bool:
        return self._left == 0

    def take(self, data: bytes) -> int:
        """Count the bytes that belong to the body."""
        size = min(self._left, len(data))
        self._left -= size
        return size


class ChunkedBody:
    """Includes its trailers."""

    def __init__(self) -> None:
        self.complete = False
        self._line = bytearray()
        self._skip = 0
        self._in_trailers = False
        self._spare = MAX_SMALL_CHUNKS * FAIR_CHUNK

    def take(self, data: bytes) -> int:
        position = 0
        while position < len(data) and not self.complete:
            if self._skip:
                step = min(self._skip, len(data) - position)
                self._skip -= step
                position += step
                continue
            newline = data.find(b"\n", position)
            end = newline + 1 or len(data)
            self._line += data[position:end]
            position = end
            if newline >= 0:
                self._end_line()
            elif len(self._line) > MAX_LINE:
                self.complete = True
        return position

    def _end_line(self) -> None:
        line = bytes(self._line).strip()
        self._line.clear()
        self._spare -= FAIR_CHUNK
        if self._spare < 0:
            self.complete = True
            return
        if self._in_trailers:
            self.complete = not line
            return
        size = line.partition(b";")[0].strip()
        if not _HEX.fullmatch(size):
            self.complete = True
            return
        self._in_trailers = not int(size, 16)
        self._skip = 0 if self._in_trailers else int(size, 16) + len(b"\r\n")
        self._spare += int(size, 16)


def body_framing(head: bytes) -> SizedBody | ChunkedBody:
    """Return the framing that a complete head announces."""
    length = _LENGTH.search(head)
    if _CODING.search(head):
        return SizedBody(0) if length else ChunkedBody()
    return SizedBody(int(length[1].lstrip(b"0")[: MAX_DIGITS + 1] or b"0") if length else 0)


def request_line(head: bytes | bytearray) -> bytes:
    return bytes(head[: head.find(b"\r\n")])


def expects_reuse(head: bytes | bytearray) -> bool:
    """Whether the client may send its next request on the same connection."""
    return request_line(head).endswith(b" HTTP/1.1") and _CLOSE.search(head) is None


def expects_continue(head: bytes | bytearray) -> bool:
    """Whether it waits for 100 Continue; never with HTTP/1.0."""
    return _CONTINUE.search(head) is not None and not head[: head.find(b"\r\n")].endswith(b" HTTP/1.0")
