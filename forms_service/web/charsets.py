"""Character encodings of form bodies, by the WHATWG Encoding Standard.

A page without `<meta charset>` sends windows-1252.
"""

import codecs
import re
from functools import cache, lru_cache
from threading import local

import webencodings

UTF_8 = "utf-8"
UTF_8_BOM = b"\xef\xbb\xbf"
FALLBACK = "windows-1252"

MAX_LABEL_LENGTH = 50
"""Of an encoding; the standard's have at most 19 characters."""

_MULTI_BYTE = {
    "big5": "big5hkscs",
    "euc-jp": "euc-jp",
    "euc-kr": "cp949",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "iso-2022-jp": "iso-2022-jp",
    "shift_jis": "cp932",
}
"""Python's codecs for multi-byte encodings."""

_ENCODERS = {**_MULTI_BYTE, "big5": "cp950", "euc-jp": "cp932", "gbk": "gbk", "iso-2022-jp": "cp932"}
"""Browsers write less than they read."""

MAX_MENDED = 10_000
"""Characters per text that Python's codec lacks."""

_UTF_16 = ("utf-16be", "utf-16le")
"""Browsers send such pages' forms in UTF-8; programs mean what they declare."""

_HALF = b"\xed"
"""Begins a surrogate in CESU-8."""

_REFERENCE = re.compile("&#([0-9]{2,7});")


def find_encoding(label: str | None) -> str | None:
    """Return the standard's name, None if unknown."""
    # a longer one would stay in memory, as long as a body
    return _lookup(label) if label and len(label) <= MAX_LABEL_LENGTH else None


@lru_cache(256)
def _lookup(label: str) -> str | None:
    # US-ASCII counts as unknown: programs declare it for want of better
    encoding = webencodings.lookup(label) if label.isascii() and "ascii" not in label.lower() else None
    if encoding is None:
        return None
    return UTF_8 if encoding.name == "replacement" else str(encoding.name)


def decode(raw: bytes | bytearray, encoding: str | None = None) -> str:
    """Decode text, by default as UTF-8, else windows-1252."""
    if encoding is None or encoding == UTF_8:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return _decode_broken(raw)
    if encoding in _UTF_16:
        return _decode_utf_16(raw, encoding)
    if raw.isascii() and encoding != "iso-2022-jp" and b"&#" not in raw:
        return raw.decode("ascii")
    return _decode_legacy(raw, encoding)


def _decode_utf_16(raw: bytes | bytearray, encoding: str) -> str:
    if b"\0" not in raw:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            pass
    has_mark = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return raw.decode("utf-16" if has_mark else encoding, errors="replace")


def _decode_broken(raw: bytes | bytearray) -> str:
    """Try CESU-8 (as Java writes it), truncated UTF-8, windows-1252."""
    if _HALF in raw:
        try:
            return raw.decode(errors="surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        except UnicodeDecodeError:
            pass  # it is broken elsewhere
    mended = raw.decode(errors="replace")
    return mended if _is_mostly_utf_8(mended) else _decode_legacy(raw, FALLBACK)


def _is_mostly_utf_8(mended: str) -> bool:
    # some programs cut a text inside a character
    foreign = len(mended) - len(mended.encode("ascii", "ignore"))
    return foreign > 2 * mended.count("\ufffd")


def _decode_legacy(raw: bytes | bytearray, encoding: str) -> str:
    if encoding in _MULTI_BYTE:
        text = _decode_multi_byte(raw, _MULTI_BYTE[encoding])
    else:
        text = codecs.charmap_decode(raw, "strict", _table(encoding))[0]
    # browsers write `&#128512;` for a character that the encoding lacks
    return _REFERENCE.sub(lambda match: _referred(match[1], encoding) or match[0], text) if "&#" in text else text


@lru_cache(1024)
def _referred(digits: str, encoding: str) -> str | None:
    # None for a character that the encoding has: somebody typed that reference
    number = int(digits)
    if not 0xA0 <= number <= 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return None
    character = chr(number)
    if encoding not in _MULTI_BYTE:
        return None if character in _table(encoding) else character
    try:
        character.encode(_ENCODERS[encoding])
    except UnicodeEncodeError:
        return character
    return None


class _Mended(local):
    left = 0  # characters of the text that may still be mended


_mended = _Mended()


def _decode_multi_byte(raw: bytes | bytearray, codec: str) -> str:
    _mended.left = MAX_MENDED
    try:
        return raw.decode(codec, errors=_MEND)
    except UnicodeDecodeError:
        return raw.decode(codec, errors="replace")


def _mend(error: UnicodeError) -> tuple[str, int]:
    """Add the euro and Microsoft's Japanese additions, which Python's codecs lack."""
    _mended.left -= 1
    if not isinstance(error, UnicodeDecodeError) or _mended.left < 0:
        raise error
    start = error.start
    pair = error.object[start : start + 2]
    if error.encoding in ("gb18030", "gbk") and pair[:1] == b"\x80":
        return "\u20ac", start + 1
    if error.encoding == "big5hkscs" and pair == b"\xa3\xe1":
        return "\u20ac", start + 2
    if error.encoding.replace("-", "_") in ("euc_jp", "iso2022_jp", "iso_2022_jp") and len(pair) == 2:
        character = _read_jis(pair[0] & 0x7F, pair[1] & 0x7F)
        if character:
            return character, start + 2
    return "\ufffd", max(error.end, start + 1)


def _read_jis(row: int, cell: int) -> str:
    """Read JIS X 0208 with Microsoft's additions."""
    if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
        return ""
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
    trail = cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20)
    return bytes((lead, trail)).decode("cp932", "ignore")


_MEND = "mend"
codecs.register_error(_MEND, _mend)


@cache
def _table(encoding: str) -> str:
    codec = webencodings.lookup(encoding).codec_info
    return "".join(_character(codec, byte) for byte in range(256))


def _character(codec: codecs.CodecInfo, byte: int) -> str:
    try:
        return str(codec.decode(bytes([byte]), "strict")[0])
    except UnicodeDecodeError:
        # the standard has C1 controls where Python's codec has nothing
        return chr(byte) if 0x80 <= byte < 0xA0 else "\ufffd"
