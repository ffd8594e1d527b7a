"""Files shown inside a page: by their content, from a short list, and never run."""

import pytest
from flask import Flask
from sqlalchemy import update

from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.uploads.models import File
from tests.console.inbox.conftest import Colleague, press, state
from tests.support.console import Visitor
from tests.support.definitions import PDF, PNG
from tests.support.stored import attach, submit

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
        (b"GIF89a" + bytes(20), "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(20), "image/webp"),
        (PDF, "application/pdf"),
    ],
)
def test_what_is_shown_has_the_type_of_its_content(
    app_on_each_db: Flask, form: str, signed_in: Visitor, content: bytes, content_type: str
) -> None:
    submission = submit(app_on_each_db, form)
    attach(app_on_each_db, submission, "x.html", content)
    answer = signed_in.get(f"/console/submissions/{submission}/files/1/view")
    assert (answer.data, answer.headers["Content-Type"]) == (content, content_type)
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
    )
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "content", [SVG, b"<html><script>alert(1)</script>", b"<!-- %PDF-1.7 --><script>alert(1)</script>", b"", b"RIFF"]
)
def test_everything_else_is_a_download(app_on_each_db: Flask, form: str, signed_in: Visitor, content: bytes) -> None:
    submission = submit(app_on_each_db, form)
    attach(app_on_each_db, submission, "x.pdf", content)  # stored as application/pdf
    path = f"/console/submissions/{submission}/files/1"
    assert signed_in.get(f"{path}/view").status_code == 404
    assert signed_in.get(path).headers["Content-Disposition"].startswith("attachment")


def test_a_page_shows_them_and_frames_its_own_only(
    app_on_each_db: Flask, form: str, signed_in: Visitor, colleague: Colleague
) -> None:
    submission = submit(app_on_each_db, form)
    attach(app_on_each_db, submission, "cv.pdf", PDF)
    answer = signed_in.get(f"/console/submissions/{submission}")
    assert f'<iframe src="/console/submissions/{submission}/files/1/view" title="cv.pdf"' in answer.text
    assert "frame-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "frame-src 'self'" in signed_in.get(f"/console/forms/{form}").headers["Content-Security-Policy"]
    assert colleague("viewer").get(f"/console/submissions/{submission}/files/1/view").status_code == 200
    stranger = Visitor(app_on_each_db)
    assert stranger.get(f"/console/submissions/{submission}/files/1/view").status_code == 303


def test_a_page_names_the_virus_and_its_submission_can_be_released(
    app_on_each_db: Flask, form: str, signed_in: Visitor
) -> None:
    submission = submit(app_on_each_db, form, status="spam", spam_reasons="infected")
    attach(app_on_each_db, submission, "cv.pdf", PDF)
    with app_on_each_db.app_context(), write_session():
        db.session.execute(update(File).values(scan="infected", threat="Eicar-Test"))
        db.session.commit()
    text = signed_in.get(f"/console/submissions/{submission}").text
    assert "<dt>Held back</dt><dd>The virus scanner found Eicar-Test." in text
    assert "Why spam" not in text
    press(signed_in, form, "inbox", submission, query="?status=spam")
    assert state(app_on_each_db, submission)[0][0] == "inbox"
