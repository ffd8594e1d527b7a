"""Exports as spreadsheet programs open them: types, looks, line breaks, choices, times."""

import csv
import io
import shutil
import subprocess
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl.worksheet.worksheet import Worksheet

from tests.conftest import KeyOf
from tests.inbox.test_inbox_export import fetch_export, table
from tests.support.stored import make_form, submit

AT = datetime(2026, 7, 1, 22, 30, 5, 123456, UTC)
FIELDS: list[dict[str, Any]] = [
    {"name": "n", "type": "number", "label": "Number"},
    {"name": "i", "type": "integer", "label": "Integer"},
    {"name": "d", "type": "date", "label": "Date"},
    {"name": "t", "type": "time", "label": "Time"},
    {"name": "dt", "type": "datetime", "label": "Moment"},
    {"name": "c", "type": "checkbox", "label": "Box"},
    {"name": "ok", "type": "consent", "label": "Consent"},
    {"name": "tel", "type": "tel", "label": "Phone"},
    {"name": "zip", "type": "text", "label": "Postcode"},
    {"name": "m", "type": "textarea", "label": "Message"},
]
TYPED = {
    "n": "-12.50 \u200b",
    "i": "\ufeff123456789012345",
    "d": "2026-03-01",
    "t": "18:30",
    "dt": "2026-03-01T18:30",
    "c": "on",
    "ok": False,
    "tel": "+43 664 1234567",
    "zip": "01234",
    "m": "one\r\ntwo",
}
TEXTS = {
    "n": "007",
    "i": "1234567890123456",
    "d": "1899-12-31",
    "t": "18:30+02:00",
    "dt": "1850-01-01T00:00",
    "c": "blue",
    "tel": "=1+1",
}
"""Values that would lose something as numbers, dates or booleans."""


def wall(*parts: int) -> datetime:
    """A moment as a cell has it, without a zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc]  # parts of a date and a time


def opened(data: bytes) -> Worksheet:
    return openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]


def rows(sheet: Worksheet) -> list[dict[str, Any]]:
    """The rows as heading → value."""
    heading, *others = sheet.iter_rows(values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in others]


def test_a_workbook_has_typed_cells(client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db, "owner@example.com", FIELDS)
    submit(app_on_each_db, form, TEXTS, created_at=datetime(2026, 7, 1, tzinfo=UTC))
    submit(app_on_each_db, form, TYPED, created_at=AT, read=True)
    typed, texts = rows(opened(fetch_export(client_on_each_db, owner, form, format="xlsx")))
    assert typed["created_at"] == wall(2026, 7, 1, 22, 30, 5)
    assert (typed["read"], texts["read"]) == (True, False)
    cells = {name: typed[name] for name in ("Number", "Integer", "Date", "Time", "Moment", "Box", "Consent")}
    assert cells == {
        "Number": -12.5,
        "Integer": 123456789012345,
        "Date": wall(2026, 3, 1),
        "Time": time(18, 30),
        "Moment": wall(2026, 3, 1, 18, 30),
        "Box": True,
        "Consent": False,
    }
    assert (typed["Phone"], typed["Postcode"], typed["Message"]) == ("+43 664 1234567", "01234", "one\ntwo")
    for field in FIELDS:
        if field["name"] in TEXTS:
            assert texts[field["label"]] == TEXTS[field["name"]]


def test_a_workbook_has_a_bold_heading_that_stays_and_filters(client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
    owner = key_of(app)
    form = make_form(app, "owner@example.com", FIELDS)
    submit(app, form, {"m": "x" * 50, "zip": "1"})
    sheet = opened(fetch_export(client, owner, form, format="xlsx"))
    assert all(cell.font.bold for cell in sheet[1])
    assert not any(cell.font.bold for cell in sheet[2])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:O2"
    assert sheet.column_dimensions["O"].width == 52
    assert sheet.column_dimensions["N"].width >= len("Postcode")
    assert sheet["D2"].alignment.wrap_text is not True


def test_times_are_to_the_second_in_the_zone_that_is_asked_for(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db, "owner@example.com", FIELDS)
    submit(app_on_each_db, form, {"dt": "2026-01-01T12:00:00Z"}, created_at=AT)
    assert table(fetch_export(client_on_each_db, owner, form))[1][2] == "2026-07-01T22:30:05+00:00"
    assert (
        table(fetch_export(client_on_each_db, owner, form, timezone="Europe/Vienna"))[1][2]
        == "2026-07-02T00:30:05+02:00"
    )
    (row,) = rows(opened(fetch_export(client_on_each_db, owner, form, format="xlsx", timezone="Asia/Kathmandu")))
    assert row["created_at"] == wall(2026, 7, 2, 4, 15, 5)
    assert row["Moment"] == wall(2026, 1, 1, 17, 45)
    for wrong in ("Europe/Nowhere", "../etc/passwd", "", "x" * 200):
        answer = client_on_each_db.get(f"/api/forms/{form}/export", headers=owner, query_string={"timezone": wrong})
        assert (answer.status_code, answer.json["codes"]) == (422, {"timezone": ["invalid_timezone"]})


def test_choices_that_hold_commas_can_be_told_apart(client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
    owner = key_of(app)
    choices = ["Me, myself and I", "No", 'The "other" one']
    form = make_form(app, "owner@example.com", [{"name": "who", "type": "multiselect", "choices": choices}])
    for chosen in (choices, choices[1:2], choices[:1], "Me, myself and I"):
        submit(app, form, {"who": chosen})
    cells = [row[5] for row in table(fetch_export(client, owner, form))[:0:-1]]
    assert [next(csv.reader([cell], skipinitialspace=True)) for cell in cells] == [
        choices,
        ["No"],
        ["Me, myself and I"],
        ["Me, myself and I"],
    ]
    assert [row["who"] for row in rows(opened(fetch_export(client, owner, form, format="xlsx")))][::-1] == cells


def test_choices_with_labels_have_a_column_for_the_label_and_one_for_the_value(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    old = [{"value": "s", "label": "Sell, then"}, {"value": "x", "label": "Ex"}]
    new = [{"value": "s", "label": "Sales, now"}, "other"]
    topics = {"name": "topic", "type": "multiselect", "label": "Topics"}
    one = {"name": "one", "type": "select", "choices": [{"value": "1", "label": "One"}]}
    form = make_form(
        app_on_each_db, "owner@example.com", [topics | {"choices": old}, one], [topics | {"choices": new}, one]
    )
    submit(app_on_each_db, form, {"topic": ["s", "x", "other"], "one": "1"})
    heading, row = table(fetch_export(client_on_each_db, owner, form))
    assert heading[5:] == ["Topics", "Topics (value)", "one", "one (value)"]
    assert row[5:] == ['"Sales, now", Ex, other', "s, x, other", "One", "1"]


def test_special_fields_that_people_write_and_the_address_that_is_kept_are_columns(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db, "owner@example.com", store_ip="full")
    data = {"message": "Hi", "_replyto": "ann@example.com", "from_name": "Ann", "_cc": "b@example.com", "_webhook": "x"}
    answer = client_on_each_db.post(f"/f/{form}", json=data, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    assert answer.status_code == 200, answer.json
    heading, row = table(fetch_export(client_on_each_db, owner, form))
    shown = dict(zip(heading[5:], row[5:], strict=True))
    assert shown == {
        "message": "Hi",
        "_replyto": "ann@example.com",
        "from_name": "Ann",
        "_cc": "b@example.com",
        "client": "203.0.113.77",
    }
    (sheet_row,) = rows(opened(fetch_export(client_on_each_db, owner, form, format="xlsx")))
    assert shown.items() <= sheet_row.items()
    one = client_on_each_db.get(f"/api/submissions/{answer.json['data']['id']}", headers=owner).json["data"]
    assert one["client"] == "203.0.113.77"
    assert b'"client": "203.0.113.77"' in fetch_export(client_on_each_db, owner, form, format="jsonl")


@pytest.mark.parametrize(("store_ip", "shown"), [("truncated", "203.0.113.0"), ("none", None)])
def test_no_more_of_an_address_is_shown_than_is_kept(
    client: FlaskClient, app: Flask, key_of: KeyOf, store_ip: str, shown: str | None
) -> None:
    owner = key_of(app)
    form = make_form(app, "owner@example.com", store_ip=store_ip)
    client.post(f"/f/{form}", json={"a": "b"}, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    (submission,) = client.get(f"/api/forms/{form}/submissions", headers=owner).json["data"]
    assert submission.get("client") == shown
    assert ("client" in table(fetch_export(client, owner, form))[0]) == bool(shown)


@pytest.mark.slow
def test_libreoffice_opens_a_workbook_as_it_is_meant(
    client: FlaskClient, app: Flask, key_of: KeyOf, tmp_path: Path
) -> None:
    office = shutil.which("soffice")
    if not office:
        pytest.skip("needs LibreOffice (apt-get install libreoffice-calc-nogui)")
    owner = key_of(app)
    form = make_form(app, "owner@example.com", FIELDS)
    submit(app, form, TYPED | {"extra": "=1+1"}, created_at=AT)
    file = tmp_path / "export.xlsx"
    file.write_bytes(fetch_export(client, owner, form, format="xlsx"))
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    words = [office, profile, "--headless", "--convert-to", "csv", "--outdir", str(tmp_path), str(file)]
    subprocess.run(words, check=True, capture_output=True, timeout=180)
    (row,) = csv.DictReader(io.StringIO((tmp_path / "export.csv").read_text(), newline=""))
    assert row.pop("Time") in ("18:30:00", "06:30:00 PM")  # as the locale has it
    assert {name: row[name] for name in row if name not in ("id", "reference")} == {
        "created_at": "2026-07-01 22:30:05",
        "status": "inbox",
        "read": "FALSE",
        "Number": "-12.5",
        "Integer": "123456789012345",
        "Date": "2026-03-01",
        "Moment": "2026-03-01 18:30:00",
        "Box": "TRUE",
        "Consent": "FALSE",
        "Phone": "+43 664 1234567",
        "Postcode": "01234",
        "Message": "one\ntwo",
        "extra": "=1+1",
    }
