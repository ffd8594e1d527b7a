"""Lenient parser for part headers (RFC 7578)."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

MAX_HEADERS = 32
MAX_PARAMETERS = 16
BASE64 = b"base64"
QUOTED_PRINTABLE = b"quoted-printable"

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_HEADER_NAME = re.compile(_TOKEN + rb"++")
_PARAMETER = re.compile(rb";[ \t]*+(" + _TOKEN + rb"++)[ \t]*+=[ \t]*+")
_CLOSING_QUOTE = re.compile(
    rb'(?<!\\)"[ \t]*+(?:;|\Z)|(?<=\\)"[ \t]*+(?:;[ \t]*+' + _TOKEN + rb"++[ \t]*+=|\Z)",
)
r"""Browsers do not escape backslashes: `\"` ends the value only before a parameter or the end."""

_CONTROLS = re.compile(rb"[\x01-\x08\x0a-\x1f\x7f]")


class Part:
    """A file if `filename` is not None; names are undecoded."""

    def __init__(
        self, name: bytes = b"", filename: bytes | None = None, charset: str | None = None, encoding: bytes = b""
    ) -> None:
        self.name = name
        self.filename = filename
        self.charset = charset
        self._encoding = encoding
        self._rest = b""  # undecoded tail of the last piece

    def decode(self, piece: bytes) -> bytes:
        """Undo the transfer encoding, or raise binascii.Error."""
        if self._encoding not in _DECODERS or self.filename is None:
            return piece
        decoded, self._rest = _DECODERS[self._encoding](self._rest + piece)
        return decoded

    def finish(self) -> bytes:
        """Return the rest, or raise binascii.Error."""
        return base64.b64decode(self._rest) if self._encoding == BASE64 else self._rest

    def decode_text(self, content: bytes) -> bytes:
        """Undo the transfer encoding; invalid base64 stays as sent."""
        if self._encoding == QUOTED_PRINTABLE:
            return binascii.a2b_qp(content)
        if self._encoding != BASE64:
            return content
        try:
            return base64.b64decode(content.translate(None, b" \t\r\n"), validate=True)
        except binascii.Error:
            return content


def _decode_base64(sent: bytes) -> tuple[bytes, bytes]:
    sent = sent.translate(None, b" \t\r\n")
    whole = len(sent) - len(sent) % 4 - 4 * (not len(sent) % 4)  # padding ends a file: the last four wait
    return base64.b64decode(sent[: max(0, whole)], validate=True), sent[max(0, whole) :]


def _decode_quoted_printable(sent: bytes) -> tuple[bytes, bytes]:
    escape = sent.rfind(b"=", max(0, len(sent) - 2))
    whole = escape if escape >= 0 else len(sent)
    return binascii.a2b_qp(sent[:whole]), sent[whole:]


_DECODERS = {BASE64: _decode_base64, QUOTED_PRINTABLE: _decode_quoted_printable}


def parse_headers(block: bytes, newline: bytes) -> Part | None:
    """Return None if malformed."""
    if block.count(newline) >= MAX_HEADERS:
        return None
    lines = re.sub(re.escape(newline) + rb"[ \t]++", b" ", block).split(newline) if block else []
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _HEADER_NAME.fullmatch(name.rstrip(b" \t")) or _CONTROLS.search(value.replace(b"\t", b" ")):
            return None
        headers.setdefault(name.rstrip(b" \t").lower(), value.strip(b" \t"))
    disposition = _parameters(headers.get(b"content-disposition", b""))
    if disposition is None:
        return None
    charset = (_parameters(headers.get(b"content-type", b"")) or {}).get(b"charset")
    return Part(
        disposition.get(b"name", b""),
        disposition.get(b"filename"),
        charset.decode("ascii", "replace") if charset else None,
        headers.get(b"content-transfer-encoding", b"").lower(),
    )


def _parameters(value: bytes) -> dict[bytes, bytes] | None:
    parameters: dict[bytes, bytes] = {}
    extended: dict[bytes, bytes] = {}
    place = value.find(b";")
    for _ in range(MAX_PARAMETERS):
        match = _PARAMETER.search(value, place) if place >= 0 else None
        if match is None:
            break
        start = match.end()
        name = match[1].lower()
        if value.startswith(b'"', start):
            closing = _CLOSING_QUOTE.search(value, start + 1)
            if closing is None:
                return None
            end = closing.start()
            parameters.setdefault(name, _unquote(value[start + 1 : end]))
            place = end + 1
        else:
            end = value.find(b";", start)
            end = len(value) if end < 0 else end
            text = value[start:end].rstrip(b" \t")
            if name.endswith(b"*") and text.count(b"'") == 2:
                extended.setdefault(name[:-1], unquote_to_bytes(text.rpartition(b"'")[2]))
            else:
                parameters.setdefault(name, _unquote(text))
            place = end
    return parameters | extended  # name*=utf-8''… overrides the plain name


def _unquote(text: bytes) -> bytes:
    if b"\\" in text:
        text = text.replace(b'\\"', b'"')
    if b"%" in text:  # the HTML standard has browsers percent-encode these three
        text = text.replace(b"%22", b'"').replace(b"%0D", b"\r").replace(b"%0A", b"\n")
    return text
