"""Imports into a form: columns, values that do not fit, own exports, dry runs, what is left out."""

import csv
import io
import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from forms_service.accounts.models import Event
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.imports import storage
from forms_service.submissions.models import Submission, SubmissionEmail
from tests.conftest import KeyOf
from tests.imports.conftest import prepare, run_import, stored
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

FIELDS = [
    {"name": "email", "type": "email", "label": "Your e-mail", "required": True},
    {"name": "age", "type": "integer", "min": 0},
    {
        "name": "days",
        "type": "multiselect",
        "label": "Which days?",
        "choices": [{"value": "mo", "label": "Monday, early"}, {"value": "tu", "label": "Tuesday"}, "Other, more"],
    },
    {"name": "plan", "type": "select", "choices": [{"value": "b", "label": "Basic"}, "Pro"]},
]
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_text(text: str, name: str = "answers.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write_text


def data(app: Flask, form_id: str) -> list[dict[str, Any]]:
    return [json.loads(row.data) for row in stored(app, form_id)]


def left_out(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path(f"{path}.left-out.csv").read_text("utf-8-sig"))))


def test_columns_find_fields_by_name_label_and_choice(service_app: Flask, write: Write) -> None:
    form_id = make_form(service_app, OWNER, FIELDS)
    path = write(
        "Timestamp,YOUR E-MAIL,days[],Plan,Years\n"
        '2024-05-05T07:08:09Z,ann@example.com,"Monday, early, Tuesday;Other, more",basic,44\n'
    )
    done = run_import(service_app, path, "--form", form_id, "--map", "Years=age")
    assert data(service_app, form_id) == [
        {"email": "ann@example.com", "days": ["mo", "tu", "Other, more"], "plan": "b", "age": "44"}
    ]
    assert "Years → age" in done.output
    assert not Path(f"{path}.left-out.csv").exists()


def test_values_that_do_not_fit_are_kept_and_listed(service_app: Flask, write: Write) -> None:
    form_id = make_form(service_app, OWNER, FIELDS)
    path = write(
        "created_at,email,age,days\n2024-05-05,nobody,many,Sunday\n"
        "some day,ann@example.com,-1,\n,,,\n2024-05-05,,7,tu\n"
    )
    done = run_import(service_app, path, "--form", form_id, "--unread")
    rows = stored(service_app, form_id)
    assert [json.loads(row.data) for row in sorted(rows, key=lambda row: len(row.data))] == [
        {"age": "7", "days": ["tu"]},
        {"email": "nobody", "age": "many", "days": ["Sunday"]},
        {"email": "ann@example.com", "age": "-1", "created_at": "some day"},
    ]
    assert not any(row.read for row in rows)
    listed = {(row["line"], row["column"], row["stored"], row["value"]) for row in left_out(path)}
    assert listed == {
        ("2", "email", "yes", "nobody"),
        ("2", "age", "yes", "many"),
        ("2", "days", "yes", "Sunday"),
        ("3", "created_at", "yes", "some day"),
        ("3", "age", "yes", "-1"),
        ("5", "email", "yes", ""),
    }
    assert "3 answers imported, 0 were there already, 1 empty" in done.output
    assert os.stat(f"{path}.left-out.csv").st_mode & 0o777 == 0o600


def test_unknown_columns_follow_the_form(service_app: Flask, write: Write) -> None:
    keeps = make_form(service_app, OWNER, FIELDS)
    drops = make_form(service_app, OWNER, FIELDS, unknown_fields="drop")
    path = write("email,Shoe size,_subject,_gotcha\nann@example.com,44,Hello,x\n")
    run_import(service_app, path, "--form", keeps)
    assert data(service_app, keeps) == [{"email": "ann@example.com", "Shoe size": "44"}]
    assert stored(service_app, keeps)[0].control == '{"_subject":"Hello"}'
    assert run_import(service_app, path, "--form", drops).exit_code == 0
    assert data(service_app, drops) == [{"email": "ann@example.com"}]
    assert [(row["column"], row["value"]) for row in left_out(path)] == [("Shoe size", "44"), ("_gotcha", "x")]


def test_a_dry_run_writes_nothing(service_app: Flask, write: Write, tmp_path: Path) -> None:
    form_id = make_form(service_app, OWNER, FIELDS, unknown_fields="drop")
    path = write("email,Note\nnobody,hi\n")
    before = count(service_app, Submission, Event)
    done = run_import(service_app, path, "--form", form_id, "--dry-run")
    assert "1 answers would be imported, 0 were there already" in done.output
    assert "Note → not imported" in done.output
    assert "email: " in done.output
    made = run_import(service_app, path, "--owner", OWNER, "--dry-run")
    assert "Form answers, with these fields:" in made.output
    assert "1 answers would be imported" in made.output
    assert count(service_app, Submission, Event) == before
    assert [file.name for file in tmp_path.iterdir()] == ["answers.csv"]


def test_what_is_old_enough_to_be_deleted_is_left_out(service_app: Flask, write: Write) -> None:
    form_id = make_form(service_app, OWNER, [], retention_days=30, max_submissions=5)
    path = write("created_at,text\n2020-05-05,old\n2099-01-01,no time yet\n")
    done = run_import(service_app, path, "--form", form_id)
    assert [row["reason"] for row in left_out(path) if row["stored"] == "no"] == [
        "Older than the 30 days that submissions of this form are kept; it would be deleted at once."
    ]
    assert data(service_app, form_id) == [{"text": "no time yet", "created_at": "2099-01-01"}]
    assert "takes 5 submissions" in done.output


def test_equal_rows_are_several_people_and_columns_may_be_mapped_later(service_app: Flask, write: Write) -> None:
    form_id = make_form(service_app)
    path = write("vote\nyes\nyes\nno\n")
    run_import(service_app, path, "--form", form_id)
    assert [answer["vote"] for answer in data(service_app, form_id)] == ["no", "yes", "yes"]
    again = run_import(service_app, write("vote\nno\nyes\nyes\nyes\n"), "--form", form_id, "--map", "vote=answer")
    assert "1 answers imported, 3 were there already" in again.output
    other = make_form(service_app)
    assert "4 answers imported" in run_import(service_app, path, "--form", other).output


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


def test_batches_are_committed_and_another_import_at_once_adds_nothing(
    app_on_each_db: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second runs between the first's look for existing answers and its transaction."""
    app = prepare(app_on_each_db)
    form_id = make_form(app)
    path = tmp_path / "votes.csv"
    path.write_text("number\n" + "\n".join(map(str, range(25))))
    monkeypatch.setattr("forms_service.imports.service.BATCH_SIZE", 10)
    prepare_rows = storage.prepare_rows
    calls: list[int] = []

    def interrupted(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            assert "15 answers imported, 10 were there already" in run_import(app, path, "--form", form_id).output
        return prepare_rows(*arguments)

    monkeypatch.setattr(storage, "prepare_rows", interrupted)
    assert "10 answers imported, 15 were there already" in run_import(app, path, "--form", form_id).output
    assert sorted(int(answer["number"]) for answer in data(app, form_id)) == list(range(25))


@pytest.mark.parametrize(
    ("words", "text", "message"),
    [
        ([], "a\n1\n", "Add either --form ID or --owner EMAIL."),
        (["--form", "x" * 16], "a\n1\n", "There is no such form"),
        (["--owner", "nobody@example.com"], "a\n1\n", "no account"),
        (["--form", "{}", "--map", "b=a"], "a\n1\n", "The file has no column b. It has: a"),
        (["--form", "{}", "--map", "a"], "a\n1\n", "write COLUMN=FIELD"),
        (["--form", "{}", "--timezone", "Mars"], "a\n1\n", "IANA time zone"),
        (["--form", "{}", "--encoding", "klingon"], "a\n1\n", "Unknown encoding"),
        (["--form", "{}", "--time-column", "b"], "a\n1\n", "The file has no column b"),
        (["--form", "{}"], "", "The file is empty."),
        (["--form", "{}"], "\n\n", "begins with an empty line"),
        (["--form", "{}"], '{"a": {"b": 1}, "c"', "Not valid JSON"),
        (["--form", "{}"], '{"a": {"b": 1}}', "none of the known formats"),
        (["--form", "{}"], "[" * 100_000, "ot valid JSON"),
        (["--form", "{}"], "created_at,a\n3/4/2024 1:00,x\n", "Add --day-first or --month-first."),
        (["--form", "{}"], "created_at,a\n13/4/2024 1:00,x\n4/13/2024 1:00,y\n", "Some times have the day first"),
        (["--owner", OWNER], '[{"created_at": "2024-05-05", "_next": 1}]', "names no fields"),
    ],
)
def test_what_cannot_be_imported_is_refused_before_anything_is_written(
    service_app: Flask, write: Write, words: list[str], text: str, message: str
) -> None:
    form_id = make_form(service_app)
    forms_before = count(service_app, Submission)
    done = run_import(service_app, write(text), *(form_id if word == "{}" else word for word in words))
    assert done.exit_code in (1, 2)
    assert message.lower() in done.output.lower()
    assert count(service_app, Submission) == forms_before


def test_a_file_that_breaks_off_imports_nothing(service_app: Flask, form_id: str, write: Write) -> None:
    whole = '{"submissions": [{"_date": "2024-05-05T07:08:09", "a": "1"}, {"_date": "2024-0'
    assert run_import(service_app, write(whole, "cut.json"), "--form", form_id).exit_code == 1
    assert stored(service_app, form_id) == []
    lines = run_import(service_app, write('{"a": 1}\n{"a": \n[1]\n{"a": 2}', "cut.jsonl"), "--form", form_id)
    assert "2 answers imported, 0 were there already, 2 left out" in lines.output
