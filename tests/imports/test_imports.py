"""Imports into a form: columns, values that do not fit, dry runs, what is left out."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from forms_service.accounts.models import Event
from forms_service.imports import storage
from forms_service.submissions.models import Submission
from tests.imports.conftest import FIELDS, Write, data, prepare, run_import, stored
from tests.support.stored import OWNER, count, make_form


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
