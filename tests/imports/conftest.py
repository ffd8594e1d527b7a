"""An owner's account and forms to import into, and the command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from forms_service import cli
from forms_service.accounts import service
from forms_service.submissions.queries import Filter, SubmissionRow, batches
from tests.support.stored import OWNER, make_form

SAMPLES = Path(__file__).parent / "samples"
EVERYWHERE = Filter(("inbox", "spam", "archived", "unconfirmed"))

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


def prepare(app: Flask) -> Flask:
    with app.app_context():
        service.create(service.NewAccount(OWNER, "Ann", "Example", "Correct-horse-7"), role="owner", status="active")
    return app


def run_import(app: Flask, file: Path | str, *words: str) -> Result:
    """The command, which must neither crash nor print a traceback."""
    done = app.test_cli_runner().invoke(cli.import_file, [str(file), *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done


def stored(app: Flask, form_id: str) -> list[SubmissionRow]:
    """All submissions of a form, newest first."""
    with app.app_context():
        return [row for batch in batches(form_id, EVERYWHERE) for row in batch]


def data(app: Flask, form_id: str) -> list[dict[str, Any]]:
    return [json.loads(row.data) for row in stored(app, form_id)]


@pytest.fixture(scope="module")
def service_app(make_shared_app: Callable[..., Flask]) -> Flask:
    """One service for all tests of a file, each of which has forms of its own."""
    return prepare(make_shared_app())


@pytest.fixture
def sample(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a sample, beside which lists may be written."""

    def copy(name: str) -> Path:
        path = tmp_path / name
        path.write_bytes((SAMPLES / name).read_bytes())
        return path

    return copy


@pytest.fixture
def form_id(service_app: Flask) -> str:
    """A form that accepts any fields."""
    return make_form(service_app)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_text(text: str, name: str = "answers.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write_text
