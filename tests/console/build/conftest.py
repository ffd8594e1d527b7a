"""An owner at the editor."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.console import Visitor
from tests.support.html_forms import controls_of
from tests.support.owners import shared_owner  # noqa: F401 (a fixture)
from tests.support.stored import make_form

FIELDS = [
    {"name": "name", "type": "text", "label": "Your name", "required": True},
    {"name": "email", "type": "email", "label": "Your e-mail address", "max_length": 200},
    {"name": "size", "type": "select", "label": "Size", "choices": ["S", {"value": "xl", "label": "Extra large"}]},
]


class Editor:
    """The editor's page in a browser without scripts."""

    def __init__(self, visitor: Visitor, form_id: str) -> None:
        self.visitor, self.form_id = visitor, form_id
        self.url = f"/console/forms/{form_id}/build"
        self.answer = visitor.get(self.url)
        assert self.answer.status_code == 200, self.answer.text
        self.inputs = controls_of(self.answer.text, "builder")

    @property
    def labels(self) -> list[str]:
        return [value for name, value in self.inputs.items() if name.endswith(".label")]

    @property
    def text(self) -> str:
        return self.answer.text

    def press(self, action: str, typed: dict[str, str] | None = None) -> TestResponse:
        """Type, and press a button; what comes back is the page from then on."""
        self.answer = self.visitor.post(self.url, {**self.inputs, **(typed or {}), "action": action})
        if self.answer.status_code != 303:
            self.inputs = controls_of(self.answer.text, "builder")
        return self.answer


class Saved:
    """The form as the API shows it."""

    def __init__(self, app: Flask, form_id: str, key: dict[str, str]) -> None:
        self._client, self._form_id, self._key = app.test_client(), form_id, key

    @property
    def form(self) -> dict[str, Any]:
        return dict(self._client.get(f"/api/forms/{self._form_id}", headers=self._key).json["data"])

    @property
    def fields(self) -> list[dict[str, Any]]:
        return list(self.form["fields"])

    @property
    def version(self) -> int:
        return int(self.form["version"])

    def change(self, **body: Any) -> None:
        answer = self._client.patch(f"/api/forms/{self._form_id}", json=body, headers=self._key)
        assert answer.status_code == 200, answer.json


@pytest.fixture
def form_id(app_on_each_db: Flask, owner: dict[str, str]) -> str:
    return make_form(app_on_each_db, "owner@example.com", FIELDS)


@pytest.fixture
def saved(app_on_each_db: Flask, form_id: str, owner: dict[str, str]) -> Saved:
    return Saved(app_on_each_db, form_id, owner)


@pytest.fixture
def editor(signed_in: Visitor, form_id: str) -> Editor:
    return Editor(signed_in, form_id)
