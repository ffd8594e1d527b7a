"""Signatures that puremagic lacks or gets wrong."""

import re

ZIP, OLE = "application/zip", "application/x-ole-storage"
PORTABLE_EXECUTABLE, ELF, MACH_O, JAVA_CLASS, JAVA_ARCHIVE, WASM, SHORTCUT = PROGRAMS = (
    "application/vnd.microsoft.portable-executable",
    "application/x-executable",
    "application/x-mach-binary",
    "application/java-vm",
    "application/java-archive",
    "application/wasm",
    "application/x-ms-shortcut",
)
PDF = "application/pdf"

STARTS = (
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\xd0\xcf\x11\xe0", OLE),
    (b"MZ", PORTABLE_EXECUTABLE),
    (b"\x7fELF", ELF),
    (b"\xfe\xed\xfa\xce", MACH_O),
    (b"\xfe\xed\xfa\xcf", MACH_O),
    (b"\xce\xfa\xed\xfe", MACH_O),
    (b"\xcf\xfa\xed\xfe", MACH_O),
    (b"\0asm", WASM),
    (b"L\0\0\0\x01\x14\x02\0", SHORTCUT),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"#!AMR", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"(\xb5/\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
)
"""For binary content only."""

JAVA_NAMES = (b"META-INF/MANIFEST.MF", b"META-INF/com/android", b"AndroidManifest.xml", b"classes.dex")
MAX_FIRST_NAMES = 200
"""Bytes of JAVA_NAMES."""

RIFF_FORMS = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo", b"RMID": "audio/midi"}

BRANDS = (
    (("avif", "avis"), "image/avif"),
    (("hei", "hev", "hej", "mif", "msf"), "image/heic"),
    (("M4A", "M4B", "M4P", "F4A", "F4B"), "audio/mp4"),
    (("M4V",), "video/x-m4v"),
    (("3g2", "3ge"), "video/3gpp2"),
    (("3g",), "video/3gpp"),
    (("qt",), "video/quicktime"),
    (("crx",), "image/x-canon-cr3"),
    (("jp2", "jpx", "jpm"), "image/jp2"),
    (("mjp",), "video/mj2"),
)
"""Major brands; others are MP4."""

OGG_CODECS = (
    (b"\x80theora", "video/ogg"),
    (b"\x01video", "video/ogg"),
    (b"OpusHead", "audio/ogg"),
    (b"\x01vorbis", "audio/ogg"),
    (b"Speex   ", "audio/ogg"),
    (b"\x7fFLAC", "audio/ogg"),
)
"""Video first: films have sound too."""

MP4 = "video/mp4"
DOCUMENT_TYPE = re.compile(rb"\x42\x82[\x40-\xff]{1,8}(webm|matroska)")
MAX_JUNK = 1024
"""Bytes before a PDF header."""

MIN_JAVA = 45
"""Universal binaries have a smaller number."""


def detect_signature(head: bytes) -> str | None:
    """Return None for text, or if uncertain."""
    start = next((mimetype for start, mimetype in STARTS if head.startswith(start)), None)
    if start == ZIP and any(name in head[:MAX_FIRST_NAMES] for name in JAVA_NAMES):
        return JAVA_ARCHIVE
    return start or _detect_container(head) or detect_riff(head) or (PDF if b"%PDF-" in head[:MAX_JUNK] else None)


def _detect_container(head: bytes) -> str | None:
    mimetype = None
    if head.startswith(b"\xca\xfe\xba\xbe"):
        mimetype = JAVA_CLASS if int.from_bytes(head[4:8]) >= MIN_JAVA else MACH_O
    elif head.startswith(b"OggS"):
        mimetype = next((mimetype for codec, mimetype in OGG_CODECS if codec in head[:MAX_JUNK]), "application/ogg")
    elif head.startswith(b"\x1a\x45\xdf\xa3"):
        document = DOCUMENT_TYPE.search(head)
        mimetype = "video/webm" if document and document[1] == b"webm" else "video/x-matroska"
    elif head[4:8] == b"ftyp":
        mimetype = _iso_media_type(head[8:12], head[16 : int.from_bytes(head[:4])])
    elif head.startswith(b"\0\0\0\x0cjP  \r\n\x87\n"):
        mimetype = _iso_media_type(head[20:24], b"")
    return mimetype


def detect_riff(head: bytes) -> str | None:
    return RIFF_FORMS.get(head[8:12]) if head.startswith((b"RIFF", b"RIFX")) else None


def _iso_media_type(brand: bytes, compatible: bytes) -> str:
    major = brand.decode("latin-1")
    if major in ("mif1", "msf1") and (b"avif" in compatible or b"avis" in compatible):
        return "image/avif"
    return next((mimetype for starts, mimetype in BRANDS if major.startswith(starts)), MP4)
