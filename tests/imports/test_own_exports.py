"""Exports of this service come back as they were, and so do hostile cells."""

import csv
import json
import unicodedata
import uuid
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from forms_service.accounts.models import Event
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.submissions.models import SubmissionEmail
from tests.conftest import KeyOf
from tests.imports.conftest import FIELDS, Write, prepare, run_import, stored
from tests.support.stored import OWNER, attach, count, make_form, submit

HOSTILE = (
    *("=cmd|' /C calc'!A0", "'=quoted", "+43 664 1234567", "-1", "@SUM(1)", "a;=1+1", "\t=1", "%0A", "it's", "''"),
    *(
        "<script>alert(1)</script>",
        "'; DROP TABLE submissions; --",
        "\x1b[31mred\x1b[0m",
        "a\0b",
        "{form}",
        "{0.__class__}",
    ),
    *(
        "line\r\nbreak",
        '"',
        '""',
        ",",
        "e\u0301",
        "\u202eright to left",
        "\ufeffbom",
        "👩‍👩‍👧",
        "x" * 5000,
        "NULL",
        "1e999",
    ),
)
"""Cells that break parsers, spreadsheets, databases and terminals."""

STORED = [unicodedata.normalize("NFC", text.replace("\0", "")) for text in HOSTILE]


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_own_exports_come_back_as_they_were(service_app: Flask, key_of: KeyOf, tmp_path: Path, kind: str) -> None:
    headers = key_of(service_app, f"{kind}@example.com", role="owner")
    form_id, copy = (make_form(service_app, f"{kind}@example.com", FIELDS) for _ in range(2))
    sent = {"email": "ann@example.com", "days": ["mo", "tu"], "plan": "b"}
    # "'=1" and "=1" are the same in a CSV, where an apostrophe guards a formula
    texts = {f"text {number}": text for number, text in enumerate(STORED) if kind == "jsonl" or text != "'=quoted"}
    submit(service_app, form_id, sent | texts, status="archived", read=True)
    attach(service_app, submit(service_app, form_id, {"email": "bea@example.org"}), "cv.pdf", b"%PDF-1.4")
    submit(service_app, form_id, {"email": "cy@example.org"}, status="spam", spam_reasons="links")
    submit(service_app, form_id, {"email": "dora@example.org"}, status="unconfirmed")
    url = f"/api/forms/{form_id}/export?format={kind}&status=inbox,archived,spam,unconfirmed"
    path = tmp_path / f"export.{kind}"
    path.write_bytes(service_app.test_client().get(url, headers=headers).data)
    same = run_import(service_app, path, "--form", form_id).output
    assert "0 answers imported, 3 were there already, 1 left out" in same
    done = run_import(service_app, path, "--form", copy)
    assert "3 answers imported, 0 were there already, 1 left out" in done.output
    assert "never confirmed" in done.output
    rows = {json.loads(row.data)["email"]: row for row in stored(service_app, copy)}
    assert json.loads(rows["ann@example.com"].data) == sent | texts
    assert [rows[f"{name}"].status for name in ("ann@example.com", "cy@example.org")] == ["archived", "spam"]
    assert [rows[f"{name}"].read for name in ("ann@example.com", "bea@example.org")] == [True, False]
    assert "cv.pdf" in rows["bea@example.org"].data


def test_an_own_export_keeps_its_ids_elsewhere(service_app: Flask, form_id: str, write: Write) -> None:
    line = {
        "id": "018f4a6e-5f3b-7c3a-9a5b-1234567890ab",
        "reference": "x",
        "form_id": "elsewhere",
        "created_at": "2024-05-05T07:08:09.000001+00:00",
        "status": "inbox",
        "read": False,
        "data": {"email": "Ann <ann@example.com>"},
        "control": {"_replyto": "cy@example.org"},
        "spam_reasons": [],
        "files": [],
    }
    path = write(json.dumps(line) + "\n", "export.jsonl")
    run_import(service_app, path, "--form", form_id)
    (row,) = stored(service_app, form_id)
    assert (str(row.id), row.read, row.control) == (line["id"], False, '{"_replyto":"cy@example.org"}')
    with service_app.app_context():
        people = db.session.query(SubmissionEmail).filter_by(submission_id=row.id).count()
        assert people == 2  # found by data-subject requests


def test_old_spam_is_left_out_unless_only_the_virus_scanner_objects(service_app: Flask, tmp_path: Path) -> None:
    form_id = make_form(service_app, OWNER, [])
    path = tmp_path / "export.jsonl"
    path.write_text("".join(json.dumps(old_spam(reason)) + "\n" for reason in ("links", "infected")))
    run_import(service_app, path, "--form", form_id)
    assert [row.spam_reasons for row in stored(service_app, form_id)] == ["infected"]


def old_spam(reason: str) -> dict[str, Any]:
    """A line of an export."""
    moment = {"id": str(uuid.uuid4()), "reference": "x", "form_id": "x", "created_at": "2024-05-05T07:08:09+00:00"}
    verdict = {"status": "spam", "read": True, "spam_reasons": [reason]}
    return {**moment, **verdict, "data": {"text": reason}, "control": {}, "files": []}


def test_hostile_cells_are_stored_as_they_are_and_nothing_is_sent(app_on_each_db: Flask, tmp_path: Path) -> None:
    app = prepare(app_on_each_db)
    form_id = make_form(app, OWNER, FIELDS)
    path = tmp_path / "hostile.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["created_at", "email", "text", HOSTILE[0]])
        writer.writerows([["2024-05-05T07:08:09Z", text, text, text] for text in HOSTILE])
    done = run_import(app, path, "--form", form_id)
    assert f"{len(HOSTILE)} answers imported" in done.output
    assert not any(not char.isprintable() and char not in "\n\r" for char in done.output)
    texts = {json.loads(row.data)["text"] for row in stored(app, form_id)}
    assert texts == set(STORED)
    assert "0 answers imported" in run_import(app, path, "--form", form_id).output
    assert count(app, Message) == [0]
    with app.app_context():
        events = [event.details for event in db.session.query(Event).filter_by(name="submissions_imported")]
        assert events == [json.dumps({"form_id": form_id, "format": "csv"})]
