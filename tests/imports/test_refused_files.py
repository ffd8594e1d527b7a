"""Files and options that cannot be imported."""

import pytest
from flask import Flask

from forms_service.submissions.models import Submission
from tests.imports.conftest import Write, run_import, stored
from tests.support.stored import OWNER, count, make_form

ROW = '{"created_at": "2024-05-05", "a": 1},'
DEEP_AT_THE_END = "[" + ROW * 8_000 + "[" * 100_000


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
        (["--form", "{}"], DEEP_AT_THE_END, "nested deeper than 64 levels"),
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
