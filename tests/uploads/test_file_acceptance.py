"""Real files against the types that a field accepts."""

import io
import uuid
import zipfile

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.extensions import db
from forms_service.uploads.acceptance import is_accepted
from forms_service.uploads.content_types import detect_type
from forms_service.uploads.models import File
from tests.support.definitions import PDF, PNG, PROGRAM, file_part, multipart
from tests.support.visitors import form_for, only

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100") + bytes(50)
RTF = b"{\\rtf1\\ansi Hello}"
GZIP = b"\x1f\x8b\x08" + bytes(60)
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
TIFF = b"II*\0\x08\0\0\0" + bytes(60)
HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def iso(brand: str, *compatible: str) -> bytes:
    """The beginning of an ISO media file."""
    brands = "".join(compatible).encode()
    return (16 + len(brands)).to_bytes(4) + b"ftyp" + brand.encode() + bytes(4) + brands + bytes(range(200))


def archive(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


M4A, MIF1, MP4 = iso("M4A ", "M4A ", "mp42"), iso("mif1", "mif1", "heic"), iso("isom", "isom", "mp41")


@pytest.mark.parametrize(
    ("name", "content", "accept", "content_type"),
    [
        ("cv.rtf", RTF, ".rtf", "application/rtf"),
        ("cv.rtf", RTF, "application/rtf", "application/rtf"),
        ("cv.rtf", RTF, "text/rtf", "application/rtf"),
        ("cv.doc", RTF, ".doc,.docx", "application/rtf"),
        ("cv.doc", RTF, "application/msword", "application/rtf"),
        ("cv.docx", OLE, ".docx", "application/x-ole-storage"),
        ("memo.m4a", M4A, "audio/*", "audio/mp4"),
        ("memo.m4a", M4A, "audio/x-m4a", "audio/mp4"),
        ("memo.m4a", M4A, "audio/mp4", "audio/mp4"),
        ("memo.m4a", M4A, ".m4a", "audio/mp4"),
        ("memo.m4a", MP4, "audio/*", "audio/mp4"),
        ("memo.m4a", iso("3gp4"), "audio/*,.mp3", "video/3gpp"),
        ("photo.heic", MIF1, "image/*", "image/heic"),
        ("photo.heic", MIF1, ".heic", "image/heic"),
        ("photo.heic", MIF1, "image/heif", "image/heic"),
        ("photo.HEIC", iso("heix"), "image/heic", "image/heic"),
        ("photo.heif", iso("msf1", "hevc"), ".heic", "image/heic"),
        ("photo.avif", iso("mif1", "mif1", "avif"), "image/avif", "image/avif"),
        ("clip.3gp", iso("3gp5"), ".3gp", "video/3gpp"),
        ("clip.3gp", iso("3gp5"), "video/3gpp", "video/3gpp"),
        ("clip.3gp", iso("isom"), "video/*", "video/mp4"),
        ("clip.3g2", iso("3g2a"), ".3g2", "video/3gpp2"),
        ("clip.m4v", iso("M4V "), "video/*,.m4v", "video/x-m4v"),
        ("clip.mov", iso("qt  "), "video/quicktime", "video/quicktime"),
        ("photo.png", JPEG, ".png,.jpg", "image/jpeg"),
        ("photo.png", JPEG, "image/png,image/jpeg", "image/jpeg"),
        ("photo.jpeg", JPEG, ".jpg", "image/jpeg"),
        ("photo.jfif", JPEG, ".jpg", "image/jpeg"),
        ("PHOTO.JPE", JPEG, ".jpeg", "image/jpeg"),
        ("photo", JPEG, ".jpg,.png", "image/jpeg"),
        ("scan.tif", TIFF, ".tiff", "image/tiff"),
        ("raw.dng", TIFF, "image/*,.dng", "image/x-adobe-dng"),
        ("raw.nef", TIFF, ".nef", "image/x-nikon-nef"),
        ("page.htm", HTML, ".html", "text/plain"),
        ("cv.pdf", b"\xef\xbb\xbf" + PDF, ".pdf", "application/pdf"),
        ("cv.pdf", b"\r\n\r\n" + PDF, "application/pdf", "application/pdf"),
        ("cv.pdf", b"junk from a printer\n" + PDF, ".pdf", "application/pdf"),
        ("cv.pdf", bytes(300) + PDF, ".pdf", "application/pdf"),
        ("site.tar.gz", GZIP, ".tar.gz", "application/gzip"),
        ("site.tar.gz", GZIP, ".gz", "application/gzip"),
        ("site.tgz", GZIP, ".tar.gz", "application/gzip"),
        ("site.tar.gz", GZIP, ".tgz", "application/gzip"),
        ("site.TAR.GZ", GZIP, "application/x-gzip", "application/gzip"),
        ("drawing.svgz", GZIP, "image/*", "application/gzip"),
        ("song.ogg", b"OggS\0\2" + bytes(22) + b"\x01\x1e\x01vorbis" + bytes(60), "audio/*", "audio/ogg"),
        ("song.opus", b"OggS\0\2" + bytes(22) + b"\x01\x13OpusHead" + bytes(60), "audio/ogg; codecs=opus", "audio/ogg"),
        ("clip.mkv", b"\x1a\x45\xdf\xa3\x8bB\x82\x88matroska" + bytes(60), "video/matroska", "video/x-matroska"),
        ("clip.webm", b"\x1a\x45\xdf\xa3\x8bB\x82\x84webm" + bytes(60), "video/webm", "video/webm"),
        ("font.woff", b"wOFF\0\1\0\0" + bytes(60), "font/*", "font/woff"),
        ("data.csv", "a;ä\nb;c\n".encode("utf-16-le"), ".csv", "text/csv"),
        ("notes.txt", b"old \x1a", ".txt", "application/octet-stream"),
        (
            "app.apk",
            archive("AndroidManifest.xml"),
            "application/vnd.android.package-archive",
            "application/java-archive",
        ),
        ("jars.zip", archive("META-INF/MANIFEST.MF"), "application/zip", "application/java-archive"),
        ("odd.xyz", b"plain", "application/x-nobody-knows-it", "text/plain"),
    ],
)
def test_files_are_accepted_and_labelled_by_content(name: str, content: bytes, accept: str, content_type: str) -> None:
    kind = detect_type(content[:8192], name)
    assert is_accepted(kind, name, accept)
    assert kind.served_as == content_type


@pytest.mark.parametrize(
    "content",
    [
        PROGRAM,
        PROGRAM + b"%PDF-1.7",
        b"\x7fELF\2\1\1" + bytes(60),
        b"\xfe\xed\xfa\xcf" + bytes(60),
        b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(60),
        b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(60),
        b"\0asm\1\0\0\0" + bytes(60),
        b"L\0\0\0\x01\x14\x02\0" + bytes(60),
        HTML,
        b"\xef\xbb\xbf\n" + HTML,
        HTML.decode().encode("utf-16"),
        HTML.decode().encode("utf-16-le"),
        HTML + b"%PDF-1.7",
        SVG,
        b"#!/bin/sh\nrm -rf /\n",
        b"GIF" + HTML,
        archive("META-INF/MANIFEST.MF"),
        archive("AndroidManifest.xml"),
    ],
    ids=range(18),
)
def test_programs_are_not_accepted_as_other_types(content: bytes) -> None:
    for name in ("a.png", "a.jpg", "a.gif", "a.webp", "a.heic", "a.pdf", "a.doc", "a", "a.exe", "a.htm"):
        kind = detect_type(content, name)
        for accept in ("image/*", ".png,.jpg,.gif,.webp", "image/png,image/jpeg", "audio/*", ".pdf", ".doc"):
            assert not is_accepted(kind, name, accept), (name, accept)
        assert not any(word in kind.served_as for word in ("html", "svg", "xml", "script"))


@pytest.mark.parametrize(
    ("name", "content", "accept"),
    [
        ("photo.png", JPEG, ".png"),
        ("photo.jpg", PNG, "image/jpeg"),
        ("memo.m4a", PNG, "audio/*"),
        ("clip.mp4", JPEG, "video/*"),
        ("cv.pdf", b"see %PDF-", ".doc"),
        ("notes.txt", PNG, ".txt"),
        ("a.gz", GZIP, ".tar.gz"),
        ("a.tar.gz", PNG, ".tar.gz"),
        ("odd.xyz", PNG, "application/x-nobody-knows-it"),
        ("archive.png", archive("x"), "image/*"),
        ("cv.rtf", b"just text", ".rtf"),
    ],
)
def test_files_of_other_types_are_refused(name: str, content: bytes, accept: str) -> None:
    assert not is_accepted(detect_type(content, name), name, accept)


def test_text_that_contains_a_signature_is_text() -> None:
    assert detect_type(b"A PDF begins with %PDF-1.7", "notes.md").served_as == "text/markdown"


def test_a_phone_photo_is_stored_with_its_type(app: Flask) -> None:
    form = form_for(app, [{"name": "photo", "type": "file", "accept": ".png,.jpg"}])
    body = multipart(file_part("photo", "IMG_1.png", JPEG, "image/png"))
    assert app.test_client().post(f"/f/{form}", headers={"Accept": "application/json"}, **body).status_code == 200
    identity: uuid.UUID = only(app, form).id
    with app.app_context():
        row = db.session.scalars(select(File).where(File.submission_id == identity)).one()
        assert (row.name, row.content_type) == ("IMG_1.png", "image/jpeg")
