"""Extensions and content types that belong together."""

import mimetypes
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from puremagic.main import extension_only_array, magic_header_array

SUPPLEMENT = {
    "application/avro": ".avro",
    "application/chm": ".chm",
    "application/eps": ".eps .epsf",
    "application/epub+zip": ".epub",
    "application/gzip": ".gz .tgz",
    "application/java-vm": ".class",
    "application/msword": ".doc .dot",
    "application/mxf": ".mxf",
    "application/ogg": ".ogx .ogg",
    "application/pcap": ".pcap .cap",
    "application/pem-certificate-chain": ".pem",
    "application/pgp-encrypted": ".pgp .gpg .asc",
    "application/postscript": ".ps .eps .ai",
    "application/rtf": ".rtf",
    "application/sql": ".sql",
    "application/sqlite3": ".sqlite .sqlite3 .db",
    "application/toml": ".toml",
    "application/vnd.adobe.flash.movie": ".swf",
    "application/vnd.android.package-archive": ".apk",
    "application/vnd.apache.arrow.file": ".arrow .feather",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.apple.keynote": ".key",
    "application/vnd.apple.numbers": ".numbers",
    "application/vnd.apple.pages": ".pages",
    "application/vnd.microsoft.portable-executable": ".exe .dll .sys .scr .com .cpl .ocx .efi .msi .mui",
    "application/vnd.ms-3mfdocument": ".3mf",
    "application/vnd.ms-excel": ".xls .xlt",
    "application/vnd.ms-fontobject": ".eot",
    "application/vnd.ms-htmlhelp": ".chm",
    "application/vnd.ms-outlook": ".msg .pst .ost",
    "application/vnd.ms-powerpoint.slideshow.macroenabled.12": ".ppsm",
    "application/vnd.ms-publisher": ".pub",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow": ".ppsx",
    "application/vnd.rar": ".rar",
    "application/vnd.sketchup.skp": ".skp",
    "application/vnd.tcpdump.pcap": ".pcap .cap",
    "application/vnd.visio": ".vsd .vsdx .vst .vstx .vsdm",
    "application/wasm": ".wasm",
    "application/x-7z-compressed": ".7z",
    "application/x-ace-compressed": ".ace",
    "application/x-apple-diskimage": ".dmg",
    "application/x-deb": ".deb",
    "application/x-elf": ".elf .so .o .bin",
    "application/x-executable": ".elf .so .o .bin .run .out",
    "application/x-indesign": ".indd",
    "application/x-iso9660-image": ".iso",
    "application/x-lzh": ".lzh .lha",
    "application/x-lzh-compressed": ".lzh .lha",
    "application/x-mach-binary": ".macho .dylib",
    "application/x-ms-shortcut": ".lnk",
    "application/x-msdos-program": ".exe .com .bat",
    "application/x-msdownload": ".exe .dll .com .msi",
    "application/x-msi": ".msi",
    "application/x-redhat-package-manager": ".rpm",
    "application/x-ruby": ".rb",
    "application/x-tar": ".tar",
    "application/x-unix-archive": ".ar .a",
    "application/x-xpinstall": ".xpi",
    "application/x-zip-compressed": ".zip",
    "application/zip": ".zip",
    "application/zstd": ".zst",
    "audio/3gpp": ".3gp .3gpp",
    "audio/3gpp2": ".3g2 .3gpp2",
    "audio/aac": ".aac",
    "audio/aiff": ".aif .aiff .aifc",
    "audio/amr": ".amr",
    "audio/dsf": ".dsf",
    "audio/evrc-qcp": ".qcp",
    "audio/flac": ".flac",
    "audio/m4a": ".m4a",
    "audio/matroska": ".mka",
    "audio/midi": ".mid .midi .kar",
    "audio/mp3": ".mp3",
    "audio/mp4": ".m4a .m4b .m4p .f4a .f4b .mp4",
    "audio/mpeg": ".mp1 .mp2 .mp3 .mpga",
    "audio/musepack": ".mpc",
    "audio/ogg": ".ogg .oga .opus .spx",
    "audio/opus": ".opus",
    "audio/sp-midi": ".mid",
    "audio/vnd.dolby.dd-raw": ".ac3",
    "audio/wave": ".wav",
    "audio/wavpack": ".wv",
    "audio/webm": ".weba .webm",
    "audio/x-ms-asf": ".asf",
    "audio/x-ms-wma": ".wma",
    "audio/x-pn-realaudio": ".rm .ra .ram",
    "audio/x-realaudio": ".rm .ra",
    "font/collection": ".ttc .otc",
    "font/otf": ".otf",
    "font/ttf": ".ttf",
    "font/woff": ".woff",
    "font/woff2": ".woff2",
    "image/apng": ".apng .png",
    "image/avif": ".avif",
    "image/bmp": ".bmp .dib",
    "image/bpg": ".bpg",
    "image/dwg": ".dwg",
    "image/dxf": ".dxf",
    "image/heic": ".heic .heif .hif",
    "image/heic-sequence": ".heics .heic",
    "image/heif": ".heic .heif .hif",
    "image/icns": ".icns",
    "image/j2c": ".j2c .j2k .jpc",
    "image/jp2": ".jp2 .jpg2 .j2k .jpx .jpm .jpf .j2c",
    "image/jpeg": ".jpg .jpeg .jpe .jfif .pjpeg .pjp",
    "image/jpg": ".jpg",
    "image/jpm": ".jpm",
    "image/jpx": ".jpx .jpf",
    "image/jxl": ".jxl",
    "image/ktx": ".ktx",
    "image/mj2": ".mj2",
    "image/pjpeg": ".jpg",
    "image/svg+xml": ".svg .svgz",
    "image/tga": ".tga",
    "image/tiff": ".tif .tiff",
    "image/vnd.adobe.photoshop": ".psd .psb",
    "image/vnd.microsoft.icon": ".ico .cur",
    "image/vnd.ms-photo": ".jxr .wdp .hdp",
    "image/webp": ".webp",
    "image/x-adobe-dng": ".dng",
    "image/x-canon-cr2": ".cr2",
    "image/x-canon-cr3": ".cr3",
    "image/x-fujifilm-raf": ".raf",
    "image/x-icon": ".ico .cur",
    "image/x-nikon-nef": ".nef",
    "image/x-olympus-orf": ".orf",
    "image/x-panasonic-rw2": ".rw2",
    "image/x-pentax-pef": ".pef",
    "image/x-samsung-srw": ".srw",
    "image/x-sony-arw": ".arw",
    "model/3mf": ".3mf",
    "model/gltf+json": ".gltf",
    "model/gltf-binary": ".glb",
    "model/obj": ".obj",
    "model/step": ".step .stp",
    "model/stl": ".stl",
    "text/calendar": ".ics",
    "text/javascript": ".js .mjs",
    "text/markdown": ".md .markdown",
    "text/rtf": ".rtf",
    "text/tex": ".tex .latex",
    "text/vcard": ".vcf",
    "text/x-log": ".log",
    "text/yaml": ".yml .yaml",
    "video/3gpp": ".3gp .3gpp",
    "video/3gpp2": ".3g2 .3gpp2",
    "video/avi": ".avi",
    "video/matroska": ".mkv .mka .mks",
    "video/mj2": ".mj2 .mjp2",
    "video/mp2t": ".mts .m2ts .m2t .ts",
    "video/mp4": ".mp4 .m4v .f4v .f4p .m4p .mpg4",
    "video/mpeg": ".mpg .mpeg .mpe .vob .m2v",
    "video/ogg": ".ogv .ogg .ogm",
    "video/quicktime": ".mov .qt",
    "video/webm": ".webm",
    "video/x-m4v": ".m4v",
    "video/x-ms-asf": ".asf",
    "video/x-ms-wmv": ".wmv",
    "video/x-msvideo": ".avi",
}
"""Missing from the other tables."""

SPELLINGS = tuple(
    frozenset(group.split())
    for group in (
        ".jpg .jpeg .jpe .jfif .pjpeg .pjp",
        ".tif .tiff",
        ".heic .heif .hif",
        ".htm .html .xhtml",
        ".mpg .mpeg .mpe",
        ".mid .midi",
        ".aif .aiff .aifc",
        ".yml .yaml",
        ".md .markdown",
        ".txt .text",
        ".mov .qt",
        ".3gp .3gpp",
        ".tgz .tar.gz",
        ".tbz .tbz2 .tar.bz2",
        ".txz .tar.xz",
        ".tzst .tar.zst",
    )
)
"""Accepting one accepts all."""


def strip_type_prefix(mimetype: str) -> str:
    """Strip parameters, `x-` and `vnd.`."""
    family, _, name = mimetype.partition(";")[0].strip().lower().partition("/")
    for prefix in ("x-", "vnd."):
        name = name.removeprefix(prefix)
    return f"{family}/{name}" if name else family


def _types() -> Mapping[str, frozenset[str]]:
    types_by_extension: dict[str, set[str]] = defaultdict(set)
    for table in (*mimetypes.MimeTypes().types_map, mimetypes.common_types):
        for extension, mimetype in table.items():
            types_by_extension[extension].add(strip_type_prefix(mimetype))
    for row in (*magic_header_array, *extension_only_array):
        if row.extension and row.mime_type:
            types_by_extension[row.extension.lower()].add(strip_type_prefix(row.mime_type))
    for mimetype, extensions in SUPPLEMENT.items():
        for extension in extensions.split():
            types_by_extension[extension].add(strip_type_prefix(mimetype))
    return {extension: frozenset(types) for extension, types in types_by_extension.items()}


TYPES_BY_EXTENSION = _types()


def get_families(extension: str) -> frozenset[str]:
    """Return families such as `image`."""
    return _families_of(TYPES_BY_EXTENSION.get(extension, frozenset()))


@lru_cache(maxsize=256)
def extensions_for(entry: str) -> frozenset[str]:
    """Return those that an `accept` entry covers."""
    if entry.startswith("."):
        return frozenset({entry}.union(*(group for group in SPELLINGS if entry in group)))
    if entry.endswith("/*"):
        return frozenset(extension for extension in TYPES_BY_EXTENSION if entry[:-2] in get_families(extension))
    return frozenset(extension for extension, types in TYPES_BY_EXTENSION.items() if strip_type_prefix(entry) in types)


def has_extension(name: str, extensions: Iterable[str]) -> bool:
    """Accepts extensions such as `.tar.gz`."""
    return name.lower().endswith(tuple(extensions))


def _families_of(types: Iterable[str]) -> frozenset[str]:
    return frozenset(mimetype.partition("/")[0] for mimetype in types)
