"""Where a request ends in a stream of bytes (RFC 9112), without reading what it means: gunicorn's parser does that.

Whatever is malformed counts as complete, so that the parser refuses it: it finds no end.
"""

import re

HEAD_END = b"\r\n\r\n"
MAX_HEAD = 131_072
"""Bytes of a head; gunicorn refuses long lines and many headers far below it."""

MAX_LINE = 16_384
"""Bytes of a chunk's size line or of a trailer; gunicorn takes half as many."""

MAX_DIGITS = 18
"""Digits of a length, leading zeros aside; a longer one is the length of no body that could be taken."""

MAX_SMALL_CHUNKS, FAIR_CHUNK = 4096, 256
"""Chunks that may be of any size; more have to hold FAIR_CHUNK bytes each on average, since each costs a step."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r\n", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_HEX = re.compile(rb"[0-9a-fA-F]{1,16}")


class SizedBody:
    """A body of a known length, which may be 0."""

    def __init__(self, size: int) -> None:
        self._left = size

    @property
    def complete(self) -> bool:
        """Whether all of it was taken."""
        return self._left == 0

    def take(self, data: bytes) -> int:
        """Return how many of these bytes belong to the body."""
        taken = min(self._left, len(data))
        self._left -= taken
        return taken


class ChunkedBody:
    """A body in chunks, up to the blank line after its trailers."""

    def __init__(self) -> None:
        self.complete = False
        self._line = bytearray()
        self._skip = 0
        self._in_trailers = False
        self._spare = MAX_SMALL_CHUNKS * FAIR_CHUNK

    def take(self, data: bytes) -> int:
        """Return how many of these bytes belong to the body."""
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


def expects_continue(head: bytes | bytearray) -> bool:
    """Whether the client waits for 100 Continue before it sends the body; none of HTTP/1.0 does."""
    return _CONTINUE.search(head) is not None and not head[: head.find(b"\r\n")].endswith(b" HTTP/1.0")
