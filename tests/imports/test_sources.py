"""Exports of each service, by small samples of their documented shapes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from forms_service.forms.cache import get_published_form
from forms_service.imports.sources import BY_NAME, detect
from forms_service.imports.sources.files import ImportFile
from tests.imports.conftest import SAMPLES, run_import, stored
from tests.support.stored import OWNER

FORMATS = {
    "formspree.json": "formspree-json",
    "formspree.csv": "formspree-csv",
    "netlify.json": "netlify-json",
    "netlify.csv": "netlify-csv",
    "google.csv": "google-csv",
    "google-download.csv": "google-csv",
    "typeform-form.json": "typeform-form",
    "typeform-responses.json": "typeform-json",
    "typeform.csv": "typeform-csv",
    "nextcloud.json": "nextcloud-json",
    "nextcloud.csv": "nextcloud-csv",
    "opnform-form.json": "opnform-form",
    "opnform.json": "opnform-json",
    "table.csv": "csv",
    "lines.jsonl": "jsonl",
    "list.json": "json",
}
Sample = Callable[[str], Path]

BEA_AT, ANN_AT = "2024-05-06T07:08:09", "2024-05-05T07:08:09"

ANSWERS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "formspree.json": [
        ("2024-05-06T07:08:09.123456", {"email": "bea@example.org", "message": "Zweite\nZeile"}),
        (ANN_AT, {"email": "ann@example.com", "message": "First"}),
    ],
    "formspree.csv": [
        ("2024-05-06T07:08:09.123456", {"email": "bea@example.org", "message": "Zweite\nZeile"}),
        (ANN_AT, {"email": "ann@example.com", "message": 'She said "yes", twice'}),
    ],
    "netlify.csv": [
        (BEA_AT, {"name": "Bea", "email": "bea@example.org", "message": "Hallo"}),
        (ANN_AT, {"name": "Ann", "email": "ann@example.com", "message": "Hi"}),
    ],
    "google.csv": [
        (
            "2024-05-26T07:08:09",
            {"Your name": "Bea", "E-Mail Address": "bea@example.org", "Which days?": "Monday, Tuesday"},
        ),
        ("2024-05-05T17:08:09", {"Your name": "Ann", "E-Mail Address": "ann@example.com", "Which days?": "Tuesday"}),
    ],
    "google-download.csv": [
        (
            "2024-05-26T05:08:09",
            {"Your name": "Bea", "E-Mail Address": "bea@example.org", "Which days?": "Monday;Tuesday"},
        ),
        ("2024-05-05T20:08:09", {"Your name": "Ann", "E-Mail Address": "ann@example.com"}),
    ],
    "typeform.csv": [
        (BEA_AT, {"Your name": "Bea", "Your e-mail": "bea@example.org"}),
        (ANN_AT, {"Your name": "Ann", "Your e-mail": "ann@example.com"}),
    ],
    "nextcloud.json": [
        (BEA_AT, {"Which days?": ["Monday", "Tuesday"], "Your e-mail": "bea@example.org"}),
        (ANN_AT, {"Your e-mail": "ann@example.com"}),
    ],
    "nextcloud.csv": [
        (BEA_AT, {"Which days?": "Monday", "Your e-mail": "bea@example.org"}),
        ("2024-05-04T22:08:09", {"Your e-mail": "ann@example.com"}),
    ],
    "opnform.json": [
        (
            BEA_AT,
            {
                "Your name": "Bea",
                "Your e-mail": "bea@example.org",
                "Which days?": ["Monday", "Tuesday"],
                "Your CV": ["https://files.example/cv.pdf"],
            },
        ),
        (ANN_AT, {"Your name": "Ann", "Your e-mail": "ann@example.com"}),
    ],
    "list.json": [(BEA_AT, {"name": "Bea"}), (ANN_AT, {"name": "Ann"})],
    "lines.jsonl": [(BEA_AT, {"name": "Bea", "days": ["Monday", "Tuesday"]}), (ANN_AT, {"name": "Ann", "count": 3})],
}


def test_every_source_has_a_sample_and_is_recognized_by_its_shape() -> None:
    assert {name: detect(ImportFile(str(SAMPLES / name))).name for name in FORMATS} == FORMATS
    assert set(BY_NAME) - set(FORMATS.values()) == {"own-csv", "own-jsonl"}  # shown by what is exported


@pytest.mark.parametrize("name", [name for name in FORMATS if name.endswith(".json")])
def test_documents_of_one_line_are_recognized_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(json.dumps(json.loads((SAMPLES / name).read_text())) + "\n")
    assert detect(ImportFile(str(path))).name == FORMATS[name]


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_are_stored_with_their_time_once(service_app: Flask, form_id: str, sample: Sample, name: str) -> None:
    path = sample(name)
    done = run_import(service_app, path, "--form", form_id)
    assert done.exit_code == 0, done.output
    rows = stored(service_app, form_id)
    seen = [(row.created_at.replace(tzinfo=None).isoformat(), json.loads(row.data)) for row in rows]
    assert seen == ANSWERS[name]
    assert {(row.status, row.read, row.client) for row in rows} == {("inbox", True, None)}
    assert [row.id for row in rows] == sorted((row.id for row in rows), reverse=True)
    assert "0 answers imported, 2 were there already" in run_import(service_app, path, "--form", form_id).output
    assert len(stored(service_app, form_id)) == 2


def test_netlify_names_spam_files_and_devices(service_app: Flask, form_id: str, sample: Sample) -> None:
    path = sample("netlify.json")
    output = run_import(service_app, path, "--form", form_id).output
    assert "1: Older than the 30 days that spam are kept" in output.replace("is kept", "are kept")
    (bea,) = stored(service_app, form_id)
    assert json.loads(bea.data) == {
        "name": "Bea",
        "email": "bea@example.org",
        "message": "Hallo",
        "cv": "https://files.example/cv.pdf",
    }
    listed = Path(f"{path}.left-out.csv").read_text(encoding="utf-8-sig")
    assert "Buy now" in listed
    assert "Files are not imported" in listed
    assert "192.0.2.7" not in listed


def test_typeform_makes_the_form_and_its_responses_fit(service_app: Flask, sample: Sample) -> None:
    form_file, responses = sample("typeform-form.json"), sample("typeform-responses.json")
    made = run_import(service_app, form_file, "--owner", OWNER).output
    form_id = made.split("Its id: ")[1].split(".")[0]
    with service_app.app_context():
        form = get_published_form(form_id)
    assert form.name == "Trip"
    assert [(field["name"], field["type"]) for field in form.fields] == [
        ("your_name", "text"),
        ("email", "email"),
        ("which_days", "multiselect"),
        ("did_you_like_it", "radio"),
        ("how_likely", "integer"),
        ("phone", "tel"),
        ("your_cv", "file"),
        ("when", "date"),
        ("i_agree", "consent"),
        ("utm_source", "hidden"),
    ]
    assert form.fields[0] == {
        "name": "your_name",
        "type": "text",
        "label": "Your name",
        "help": "As on your passport",
        "required": True,
        "max_length": 80,
    }
    assert form.fields[4] | {"min": 0, "max": 10} == form.fields[4]
    for text in ("Pay (payment)", "Logic jumps", "thank-you screens", "“Other”"):
        assert text in made
    done = run_import(service_app, responses, "--form", form_id, "--definition", str(form_file))
    assert "2 answers imported" in done.output
    ann, bea = (json.loads(row.data) for row in reversed(stored(service_app, form_id)))
    assert bea == {
        "utm_source": "mail",
        "your_name": "Bea",
        "email": "bea@example.org",
        "which_days": ["Monday, early", "Tuesday"],
        "did_you_like_it": "Yes",
        "how_likely": 10,
        "phone": "+436641234567",
        "your_cv": "https://files.example/cv.pdf",
        "when": "2024-07-01",
        "i_agree": True,
    }
    assert ann == {"your_name": "Ann", "which_days": ["Never"]}
    assert "Payments are not imported" in done.output


def test_nextcloud_makes_a_form_with_its_answers_in_one_go(service_app: Flask, sample: Sample) -> None:
    path = sample("nextcloud.json")
    made = run_import(service_app, path, "--owner", OWNER, "--name", "Days").output
    form_id = made.split("Its id: ")[1].split(".")[0]
    with service_app.app_context():
        form = get_published_form(form_id)
    assert [(field["name"], field["type"], field.get("required")) for field in form.fields] == [
        ("which_days", "multiselect", None),
        ("mail", "email", True),
    ]
    assert "Colour (color)" in made
    bea, ann = (json.loads(row.data) for row in stored(service_app, form_id))
    assert bea == {"which_days": ["Monday", "Tuesday"], "mail": "bea@example.org"}
    assert ann == {"mail": "ann@example.com"}
    assert "2 were there already" in run_import(service_app, path, "--form", form_id).output


def test_opnform_makes_a_form_that_its_answers_fit(service_app: Flask, sample: Sample) -> None:
    made = run_import(service_app, sample("opnform-form.json"), "--owner", OWNER).output
    form_id = made.split("Its id: ")[1].split(".")[0]
    with service_app.app_context():
        kinds = {field["name"]: field["type"] for field in get_published_form(form_id).fields}
    assert kinds == {
        "your_name": "text",
        "your_e_mail": "email",
        "which_days": "multiselect",
        "campaign": "hidden",
        "story": "textarea",
        "your_cv": "file",
    }
    for text in ("Sign here (signature)", "Rate (matrix)", "Story: the logic", "Page Break"):
        assert text in made
    run_import(service_app, sample("opnform.json"), "--form", form_id)
    bea = json.loads(stored(service_app, form_id)[0].data)
    assert bea["which_days"] == ["Monday", "Tuesday"]
    assert bea["your_e_mail"] == "bea@example.org"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("formspree.csv", {"email": "email", "message": "text"}),
        ("netlify.csv", {"name": "text", "email": "email", "message": "text"}),
        ("google.csv", {"your_name": "text", "e_mail_address": "email", "which_days": "text"}),
    ],
)
def test_a_header_makes_a_form_with_its_answers(
    service_app: Flask, sample: Sample, name: str, fields: dict[str, str]
) -> None:
    made = run_import(service_app, sample(name), "--owner", OWNER).output
    form_id = made.split("Its id: ")[1].split(".")[0]
    with service_app.app_context():
        assert dict(get_published_form(form_id).types) == fields
    assert {name for row in stored(service_app, form_id) for name in json.loads(row.data)} == set(fields)
    assert "2 answers imported" in made
