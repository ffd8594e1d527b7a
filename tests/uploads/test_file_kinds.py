"""File names and content types."""

import io
import unicodedata
import zipfile

import pytest
from flask import Flask
from werkzeug.http import parse_options_header

from forms_service.uploads.acceptance import is_accepted
from forms_service.uploads.content_types import detect_type
from forms_service.uploads.filenames import get_extension, sanitize_filename
from forms_service.validation.device_names import is_device_name
from forms_service.web.downloads import download, safe_name
from tests.support.definitions import PDF, PNG, PROGRAM


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("cv.pdf", "cv.pdf"),
        ("Lebenslauf Jürgen Müller (2).pdf", "Lebenslauf Jürgen Müller (2).pdf"),
        (unicodedata.normalize("NFD", "Müller.pdf"), "Müller.pdf"),
        ("履歴書.docx", "履歴書.docx"),
        ("👩‍💻.png", "👩‍💻.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\cv.pdf", "cv.pdf"),
        ("/", "unnamed"),
        ("", "unnamed"),
        ("..", "unnamed"),
        (".htaccess", "htaccess"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
        ("a\0b.pdf", "ab.pdf"),
        ("cv\u202efdp.exe", "cvfdp.exe"),
        ("cv\u200b.pdf\u2028", "cv.pdf"),
        ('a<b>"c|d?*.pdf', "a_b__c_d__.pdf"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("LPT³.txt", "_LPT³.txt"),
        ("COM¹", "_COM¹"),
        ("_con.txt", "_con.txt"),
        ("CON .txt", "_CON .txt"),
        ("con\u00a0.txt", "_con .txt"),
        ("con\u3164.txt", "_con.txt"),
        ("co\u200dn.txt", "_co\u200dn.txt"),
        ("co\u00adn.txt", "_con.txt"),
        ("\u200d.con.txt", "_con.txt"),
        (" . con.txt", "_con.txt"),
        ("con.txt. \u200d.", "_con.txt"),
        ("ＣＯＮ.txt", "_ＣＯＮ.txt"),
        ("con:stream.txt", "con_stream.txt"),
        ("a/b/aux.c", "_aux.c"),
        ("conout$.log", "_conout$.log"),
        ("con" + " " * 300 + ".txt", "_con .txt"),
        ("console.txt", "console.txt"),
        ("icon.png", "icon.png"),
        ("name. . ", "name"),
        ("  two   spaces .txt", "two spaces .txt"),
        ("half\ud800.txt", "half.txt"),
    ],
)
def test_file_names_are_sanitised_and_stay_readable(raw: str, expected: str) -> None:
    assert sanitize_filename(raw) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("con.txt", "_con.txt", "__nul", "cön.txt", "ＣＯＮ.txt", "COM¹.pdf", "/con.txt", "_/con.txt", "LPT9"),
        *("...aux", "prn .txt", "con.\u200b.txt", "con\u2800.txt", '"con".txt', "con|.txt", "con "),
        "x" * 100 + " con." + "a" * 146,
    ],
)
def test_sanitising_again_never_yields_a_device_name(name: str) -> None:
    once = sanitize_filename(name)
    assert sanitize_filename(once) == once
    for name_shown in (once, safe_name(once), safe_name(name), *names_sent(once), *names_sent(name)):
        assert not is_device_name(name_shown)
        assert name_shown.split(".")[0].strip().lower() not in ("con", "nul", "aux", "prn", "com1", "com¹", "lpt9")
        assert name_shown == name_shown.strip(" .")
        assert not is_device_name(safe_name(name_shown))


def names_sent(name: str) -> list[str]:
    """The names that a download offers, in ASCII and as it is."""
    with Flask(__name__).test_request_context():
        header = str(download(iter(()), name, "text/plain").headers["Content-Disposition"])
    _, options = parse_options_header(header)
    return list(options.values())


@pytest.mark.parametrize("letter", ["a", "ü", "履", "👩"])
def test_a_long_name_keeps_its_extension(letter: str) -> None:
    name = sanitize_filename(letter * 300 + ".tar.gz")
    assert len(name.encode()) <= 255
    assert len(name.encode()) > 250
    assert name.endswith(".gz")
    assert "\ufffd" not in name
    assert len(sanitize_filename("a." + letter * 300).encode()) <= 255


def test_an_extension_needs_a_stem() -> None:
    assert [get_extension(name) for name in ("a.PDF", "a.tar.gz", ".env", "a.", "a")] == [".pdf", ".gz", "", "", ""]


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("name", "content", "served_as"),
    [
        ("a.png", PNG, "image/png"),
        ("lies.pdf", PNG, "image/png"),
        ("a", PDF, "application/pdf"),
        ("a.jpg", bytes.fromhex("ffd8ffe000104a46494600010100") + bytes(50), "image/jpeg"),
        ("a.docx", archive("[Content_Types].xml", "word/document.xml"), WORD),
        ("a.zip", archive("x"), "application/zip"),
        ("a.unheard", archive("x"), "application/zip"),
        ("cv.pdf", PROGRAM, "application/vnd.microsoft.portable-executable"),
        ("cv.pdf", b"\x7fELF\2\1\1" + bytes(50), "application/x-executable"),
        ("a.doc", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "application/msword"),
        ("a.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(20), "video/mp4"),
        ("a.bin", bytes(range(256)), "application/octet-stream"),
        ("a.txt", b"BM is a company, MZ another", "text/plain"),
        ("a.csv", "a;ä\n".encode(), "text/csv"),
        ("a.csv", "a;ä\n".encode("cp1252"), "text/csv"),
        ("a.csv", "a;ä\n".encode("utf-16"), "text/csv"),
        ("a.csv", "ä".encode() * 8000, "text/csv"),
        ("a.html", b"<!DOCTYPE html><script>alert(1)</script>", "text/plain"),
        ("a.jpg", b"  \n<HTML><body onload=x>", "text/plain"),
        ("a.png", "<html><script>alert(1)".encode("utf-16"), "text/plain"),
        ("a.svg", SVG, "text/plain"),
        ("a.png", b"\xef\xbb\xbf" + SVG, "text/plain"),
        ("a.xml", b"<?xml version='1.0'?><a/>", "text/plain"),
        ("a.js", b"alert(1)", "text/plain"),
        ("empty.html", b"", "text/plain"),
    ],
)
def test_types_follow_the_content_and_are_never_active(name: str, content: bytes, served_as: str) -> None:
    assert detect_type(content[:8192], name).served_as == served_as


@pytest.mark.parametrize(
    ("name", "content", "accept", "accepted"),
    [
        ("cv.pdf", PDF, "", True),
        ("cv.pdf", PDF, ".pdf", True),
        ("CV.PDF", PDF, ".docx, .PDF", True),
        ("cv.pdf", PDF, "application/pdf", True),
        ("cv", PDF, "application/pdf", True),
        ("cv.pdf", PDF, "image/*", False),
        ("cv.pdf", PROGRAM, ".pdf", False),
        ("cv.pdf", PROGRAM, "application/pdf", False),
        ("cv.pdf", b"just text", ".pdf", False),
        ("cv.pdf", b"", ".pdf", False),
        ("photo.png", PNG, "image/*", True),
        ("photo.png", PNG, "image/jpeg", False),
        ("photo.png", PNG, "image/jpg, image/png", True),
        ("photo.jpg", PNG, ".jpg", False),
        ("photo.jpg", PNG, "image/*", True),
        ("photo.png", b"<html>", "image/*", False),
        ("photo.png", PROGRAM, "image/*", False),
        ("photo.png", bytes(range(256)), "image/*", False),
        ("drawing.svg", SVG, "image/*", True),
        ("drawing.svg", SVG, ".svg", True),
        ("a.docx", archive("[Content_Types].xml"), ".doc,.docx", True),
        ("a.docx", archive("[Content_Types].xml"), WORD, True),
        ("a.docx", PDF, ".docx", False),
        ("song.mp3", b"ID3\x03" + bytes(20), "audio/*", True),
        ("song.mp3", b"\xff\xfb\x90\x64" + bytes(99), "audio/*", True),
        ("song.mp3", b"\xff\xfb\x90\x64" + bytes(99), ".mp3", True),
        ("song.mp3", PNG, ".mp3", False),
        ("song.mp3", b"just text", ".mp3", False),
        ("data.csv", b"a,b", ".csv", True),
        ("data.csv", b"a,b", "text/csv", True),
        ("data.csv", b"a,b", "text/plain", True),
        ("data.csv", "a,ä".encode("utf-16"), ".csv", True),
        ("data.csv", PNG, ".csv", False),
        ("notes.md", b"# a", "text/*", True),
        ("page.html", b"<html>", "text/plain", False),
        ("model.3mf", archive("x"), ".3mf", True),
        ("part.step", b"ISO-10303-21;", ".step", True),
        ("part.step", PROGRAM, ".step", False),
        ("tool.exe", PROGRAM, ".exe", True),
        ("anything", PROGRAM, "*/*", True),
        ("cv.pdf", PDF, " , ,", True),
    ],
)
def test_accept_checks_content_and_name(name: str, content: bytes, accept: str, accepted: bool) -> None:
    assert is_accepted(detect_type(content[:8192], name), name, accept) is accepted
