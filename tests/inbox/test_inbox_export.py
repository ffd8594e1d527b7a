"""Exports of a form's submissions: whole, exact, and with nothing in them that a spreadsheet runs."""

import csv
import io
import json
import zipfile
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from forms_service.extensions import db
from forms_service.inbox import export, export_columns, xlsx
from forms_service.submissions import queries
from tests.conftest import KeyOf
from tests.support.stored import attach, make_form, submit

CELLS = [
    "=1+1",
    "+1+A1",
    "-A1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    '"=1',
    "\u200b=1",
    "–1",
    "−1",
    "\u2066=1",
    "\u2069\u061c@x",
    "\ufe0f\u034f=1",
    "\u3164\u2800+A1",
    "\U000e0020=1",
    "\u200e-5",
    "\xa0\u2009＝1",
    "⁼1",
    "-5 apples",
    "+43 664 12a",
]
"""Starts of cells that a spreadsheet would run, or fold to one that it runs."""

UNSEEN = ' "\xa0\u034f\u061c\u200b\u200e\u2009\u2066\u2069\u2800\u3164\ufe0f\U000e0020'


def fetch_export(client: FlaskClient, headers: dict[str, str], form: str, **query: str) -> bytes:
    answer = client.get(f"/api/forms/{form}/export", headers=headers, query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.data


def table(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def sheets(data: bytes) -> list[dict[str, str]]:
    """Each sheet of a workbook as cell → text or value; it holds no formula."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    contents = []
    for name in archive.namelist():
        tree = ElementTree.fromstring(archive.read(name))
        if name.startswith("xl/worksheets/"):
            cells = tree.findall(".//{*}c")
            assert {cell.get("t") for cell in cells} <= {"inlineStr", "b", None}
            assert not tree.findall(".//{*}f")
            contents.append({str(cell.get("r")): "".join(cell.itertext()) for cell in cells})
    return contents


def test_csv_has_a_column_for_every_name_under_its_newest_label(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    old = [{"name": "name", "type": "text", "label": "Name"}, {"name": "fax", "type": "text", "label": "Fax"}]
    new = [
        {"name": "email", "type": "email", "label": "E-mail"},
        {"name": "name", "type": "text", "label": "Your name"},
    ]
    form = make_form(app_on_each_db, "owner@example.com", old, new)
    first = submit(app_on_each_db, form, {"name": "Ann", "fax": "1", "tags": ["a", "b"]}, form_version=1)
    second = submit(
        app_on_each_db, form, {"email": "ann@x.example", "n": -1.5, "status": {"x": 1}}, form_version=2, read=True
    )
    attach(app_on_each_db, second, "cv.pdf", b"%PDF")
    heading, *rows = table(fetch_export(client_on_each_db, owner, form))
    assert heading[:5] == ["id", "reference", "created_at", "status", "read"]
    assert heading[5:] == ["E-mail", "Your name", "Fax", "n", "status (status)", "cv", "tags"]
    assert [row[:1] + row[3:] for row in rows] == [
        [second, "inbox", "true", "ann@x.example", "", "", "-1.5", '{"x": 1}', "cv.pdf", ""],
        [first, "inbox", "false", "", "Ann", "1", "", "", "", "a, b"],
    ]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("my CV", "my CV, cv.pdf, me.png"),
        (["a", "b"], "a, b, cv.pdf, me.png"),
        ("", "cv.pdf, me.png"),
        ({"x": 1}, '[{"x": 1}, "cv.pdf", "me.png"]'),
    ],
)
def test_a_text_and_files_of_one_name_share_a_cell(
    client: FlaskClient, app: Flask, key_of: KeyOf, text: object, cell: str
) -> None:
    owner = key_of(app)
    form = make_form(app)
    submission_id = submit(app, form, {"cv": text})
    attach(app, submission_id, "cv.pdf", b"%PDF")
    attach(app, submission_id, "me.png", b"PNG", number=2)
    heading, row = table(fetch_export(client, owner, form))
    assert (heading[5:], row[5:]) == (["cv"], [cell])
    (sheet,) = sheets(fetch_export(client, owner, form, format="xlsx"))
    assert (sheet["F1"], sheet["F2"]) == ("cv", cell)


def test_no_cell_of_a_csv_is_run_by_a_spreadsheet(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    values = {f"name{number}": text for number, text in enumerate(CELLS)}
    inside = {f"in{number}": f"Hello;{text};bye\n{text}" for number, text in enumerate(CELLS)}
    submit(app_on_each_db, form, values | inside | {"=cmd": "x"})
    exported = fetch_export(client_on_each_db, owner, form)
    heading, row = table(exported)
    assert heading[-1] == "'=cmd"
    assert [cell.replace("'", "") for cell in row[5 : 5 + len(CELLS)]] == CELLS
    assert all(cell.startswith("'") for cell in row[5 : 5 + len(CELLS)])
    for separator in ",;\t":
        for line in csv.reader(exported.decode("utf-8-sig").splitlines(), delimiter=separator):
            for cell in line:
                assert not cell.strip(UNSEEN).startswith(tuple("=+-@＝＋－＠–−⁼")), (separator, cell)


def test_harmless_text_is_left_as_it_is(client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
    owner = key_of(app)
    form = make_form(app)
    numbers = [
        "-5",
        "+1",
        "-1,234.50",
        "+1e5",
        " -5 ",
        "+43 664 1234567",
        "+1 (212) 555-0100",
        "Call\n+43 664 1234567;\n-5",
    ]
    values = {"a": 'He said "1 = 1", a-b; done.', "b": "Zeile 1\r\nZeile 2", "c": "Müller & Söhne <b>", "d": ""}
    values |= {f"n{number}": text for number, text in enumerate(numbers)}
    submit(app, form, values)
    assert table(fetch_export(client, owner, form))[1][5:] == list(values.values())


def test_json_lines_are_exact(client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    data = {"z": "=1+1\r\n\u2028ä", "a": [1, {"b": None}], "e": 1e300}
    submission_id = submit(app_on_each_db, form, data, control='{"_subject": "Hi"}')
    attach(app_on_each_db, submission_id, "cv.pdf", b"%PDF")
    submit(app_on_each_db, form, data, status="spam")
    (line,) = fetch_export(client_on_each_db, owner, form, format="jsonl").decode().splitlines()[:1]
    shown = json.loads(fetch_export(client_on_each_db, owner, form, format="jsonl"))
    assert shown == client_on_each_db.get(f"/api/submissions/{submission_id}", headers=owner).json["data"]
    assert list(shown["data"]) == list(data)
    assert line


def test_a_workbook_runs_nothing_and_breaks_lines(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    values = {
        "formula": "=1+1",
        "link": "https://example.com/",
        "markup": "<r><t>x</t></is></c><c><f>1+1</f></c></r>",
        "escape": "_x0041_",
        "control": "a\x01b\r\nc\rd\te ",
        "odd": "\ufffe😀",
        "number": 12.5,
        "long": "😀" * 20_000,
    }
    submission_id = submit(app_on_each_db, form, values)
    (cells,) = sheets(fetch_export(client_on_each_db, owner, form, format="xlsx"))
    assert [cells[f"{letter}1"] for letter in "ABCDEF"] == [
        "id",
        "reference",
        "created_at",
        "status",
        "read",
        "formula",
    ]
    assert cells["A2"] == submission_id
    assert [cells[f"{letter}2"] for letter in "FGHIJKL"] == [
        "=1+1",
        "https://example.com/",
        values["markup"],
        "_x005F_x0041_",
        "a\ufffdb\nc\nd\te ",
        "\ufffd😀",
        "12.5",
    ]
    assert len(cells["M2"].encode("utf-16-le")) // 2 <= 32_767
    assert cells["M2"].endswith(xlsx.TRUNCATED)


def test_a_full_sheet_is_followed_by_another(
    client: FlaskClient, app: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = key_of(app)
    form = make_form(app)
    submission_ids = [submit(app, form) for _ in range(4)]
    monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
    one, two = sheets(fetch_export(client, owner, form, format="xlsx"))
    assert [one["A2"], one["A3"], two["A2"], two["A3"]] == submission_ids[::-1]
    assert one["F1"] == two["F1"] == "name"


def test_names_beyond_measure_share_a_column(
    client: FlaskClient, app: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = key_of(app)
    form = make_form(app)
    monkeypatch.setattr(export_columns, "MAX_NAMES", 2)
    submit(app, form, {"a": "1", "b": "2", "c": "3", "d": "4"})
    heading, row = table(fetch_export(client, owner, form))
    assert heading[5:] == ["a", "b", "other fields"]
    assert row[5:] == ["1", "2", '{"c": "3", "d": "4"}']


def test_an_export_heeds_the_filters_and_goes_on_behind_a_batch(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    submission_ids = [
        submit(app_on_each_db, form, status=status) for status in ("archived", "inbox", "archived", "spam", "archived")
    ]
    monkeypatch.setattr(queries, "BATCH_SIZE", 2)
    rows = table(fetch_export(client_on_each_db, owner, form, status="archived,spam"))[1:]
    assert [row[0] for row in rows] == [submission_ids[4], submission_ids[3], submission_ids[2], submission_ids[0]]


def test_what_is_exported_is_an_attachment_named_for_the_form(client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
    owner = key_of(app)
    answer = client.get(f"/api/forms/{make_form(app)}/export", headers=owner)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Contact ')
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "sandbox"} == {
        *policy
    }
    assert table(answer.data) == [["id", "reference", "created_at", "status", "read"]]
    events = client.get(f"/api/forms/{make_form(app)}/export?format=pdf", headers=owner)
    assert events.json["codes"] == {"format": ["not_a_choice"]}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx", "file"])
def test_a_client_that_goes_away_leaves_no_connection_behind(
    app_on_each_db: Flask, key_of: KeyOf, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    ids = [submit(app_on_each_db, form) for _ in range(4)]
    attach(app_on_each_db, ids[0], "cv.pdf", b"x" * 200_000)
    monkeypatch.setattr(queries, "BATCH_SIZE", 2)
    out: set[int] = set()
    with app_on_each_db.app_context():
        event.listen(db.engine, "checkout", lambda connection, *_: out.add(id(connection)))
        event.listen(db.engine, "checkin", lambda connection, *_: out.discard(id(connection)))
    path = f"/api/submissions/{ids[0]}/files/1" if kind == "file" else f"/api/forms/{form}/export?format={kind}"
    answer = app_on_each_db.test_client().get(path, headers=owner, buffered=False)
    chunks = iter(answer.response)
    held = [bool(out) for _ in zip(range(2), chunks, strict=False)]
    answer.close()
    assert not any(held), "a connection is held while the client takes its time"
    assert not out


def test_names_that_only_old_submissions_have_share_a_column(
    client: FlaskClient, app: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = key_of(app)
    form = make_form(app)
    for data in ({"old": "1", "same": "2"}, {"same": "3"}, {"new": "4"}):
        submit(app, form, data)
    monkeypatch.setattr(queries, "BATCH_SIZE", 1)
    monkeypatch.setattr(export, "MAX_SCANNED", 2)
    heading, *rows = table(fetch_export(client, owner, form))
    assert heading[5:] == ["new", "same", "other fields"]
    assert [row[5:] for row in rows] == [["4", "", ""], ["", "3", ""], ["", "2", '{"old": "1"}']]
