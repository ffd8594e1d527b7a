"""Character encodings of form bodies, by the names and tables of the WHATWG Encoding Standard.

A page without `<meta charset>` is windows-1252 to browsers, and so is the form that it sends.
"""

import codecs
import re
from functools import cache, lru_cache

import webencodings

UTF_8 = "utf-8"
UTF_8_BOM = b"\xef\xbb\xbf"
FALLBACK = "windows-1252"

_MULTI_BYTE = {
    "big5": "big5hkscs",
    "euc-jp": "euc-jp",
    "euc-kr": "cp949",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "iso-2022-jp": "iso-2022-jp",
    "shift_jis": "cp932",
}
"""Python's codec for each encoding of the standard that needs more than a table of 256."""

_SENT_AS_UTF_8 = ("replacement", "utf-16be", "utf-16le", "x-user-defined")
"""Encodings of pages whose forms browsers send in UTF-8."""

_HALF = b"\xed"
"""The first byte of half a surrogate pair, were it written in UTF-8."""

_REFERENCE = re.compile("&#([0-9]{2,7});")


@lru_cache(256)
def find_encoding(label: str | None) -> str | None:
    """Return the standard's name for a label, None for an unknown one.

    US-ASCII counts as unknown: it is what programs declare that know nothing else.
    """
    found = webencodings.lookup(label) if label and label.isascii() and len(label) <= 50 else None
    if found is None or "ascii" in (label or "").lower():
        return None
    return UTF_8 if found.name in _SENT_AS_UTF_8 else str(found.name)


def decode(raw: bytes | bytearray, encoding: str | None = None) -> str:
    """Decode text in that encoding, without one as UTF-8, and as windows-1252 where it is not UTF-8."""
    if encoding is None or encoding == UTF_8:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return _decode_broken(raw)
    if raw.isascii() and encoding != "iso-2022-jp" and b"&#" not in raw:
        return raw.decode("ascii")
    return _decode_legacy(raw, encoding)


def _decode_broken(raw: bytes | bytearray) -> str:
    """Decode what is not UTF-8: halves of characters in it (CESU-8, as Java writes it), cut UTF-8, or windows-1252."""
    if _HALF in raw:
        try:
            return raw.decode(errors="surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        except UnicodeDecodeError:
            pass  # it is broken elsewhere
    mended = raw.decode(errors="replace")
    return mended if _is_mostly_utf_8(mended) else _decode_legacy(raw, FALLBACK)


def _is_mostly_utf_8(mended: str) -> bool:
    """Whether more characters are whole than broken: a program cut the text inside a character."""
    foreign = len(mended) - len(mended.encode("ascii", "ignore"))
    return foreign > 2 * mended.count("\ufffd")


def _decode_legacy(raw: bytes | bytearray, encoding: str) -> str:
    """Decode, and resolve the references (`&#128512;`) that browsers write for what the encoding cannot."""
    if encoding in _MULTI_BYTE:
        text = raw.decode(_MULTI_BYTE[encoding], errors="replace")
    else:
        text = codecs.charmap_decode(raw, "strict", _table(encoding))[0]
    return _REFERENCE.sub(lambda match: _referred(match[1], encoding) or match[0], text) if "&#" in text else text


@lru_cache(1024)
def _referred(digits: str, encoding: str) -> str | None:
    """Return the character of a reference; None for one that the encoding has: somebody typed that reference."""
    number = int(digits)
    if not 0xA0 <= number <= 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return None
    character = chr(number)
    if encoding not in _MULTI_BYTE:
        return None if character in _table(encoding) else character
    try:
        character.encode("gbk" if encoding == "gbk" else _MULTI_BYTE[encoding])
    except UnicodeEncodeError:
        return character
    return None


@cache
def _table(encoding: str) -> str:
    """Return the 256 characters of a single-byte encoding; a C1 control where the standard has one."""
    codec = webencodings.lookup(encoding).codec_info
    return "".join(_character(codec, byte) for byte in range(256))


def _character(codec: codecs.CodecInfo, byte: int) -> str:
    try:
        return str(codec.decode(bytes([byte]), "strict")[0])
    except UnicodeDecodeError:
        return chr(byte) if 0x80 <= byte < 0xA0 else "\ufffd"
