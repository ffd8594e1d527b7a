"""Roles that may edit and copy a form in the console."""

import uuid

import pytest
from flask import Flask

from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.forms import models
from tests.console.build.conftest import Editor, Saved
from tests.support.accounts import Member
from tests.support.console import Visitor


def colleague(app: Flask, form_id: str, role: str) -> Visitor:
    person = Member(app, f"{role}@example.com", role="owner")
    with app.app_context(), write_session():
        row = {"email_index": uuid.uuid4().bytes * 2, "role": role, "status": "active"}
        db.session.add(models.Member(form_id=form_id, account_id=uuid.UUID(person.id), **row))
        db.session.commit()
    visitor = Visitor(app)
    visitor.sign_in(person.email)
    return visitor


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_who_may_not_change_the_form_may_copy_it(
    app_on_each_db: Flask, editor: Editor, saved: Saved, role: str
) -> None:
    visitor = colleague(app_on_each_db, editor.form_id, role)
    assert "/build" not in visitor.get(f"/console/forms/{editor.form_id}").text
    assert visitor.get(editor.url).status_code == 403
    inputs = {**editor.inputs, "csrf_token": visitor.token("/console"), "f.0.label": "Mine"}
    for path in ("", "/preview", "/card"):
        assert visitor.post(editor.url + path, inputs).status_code == 403
    restore = f"/console/forms/{editor.form_id}/versions/1/restore"
    assert visitor.post(restore, {"csrf_token": inputs["csrf_token"], "version": "1"}).status_code == 403
    copy = {"csrf_token": inputs["csrf_token"]}
    assert visitor.post(f"/console/forms/{editor.form_id}/copy", copy).status_code == 303
    assert saved.version == 1


def test_a_manager_edits(app_on_each_db: Flask, form_id: str, saved: Saved) -> None:
    editor = Editor(colleague(app_on_each_db, form_id, "manager"), form_id)
    assert editor.press("save", {"f.0.label": "Mine"}).status_code == 303
    assert saved.fields[0]["label"] == "Mine"


def test_to_a_stranger_the_form_does_not_exist(app_on_each_db: Flask, editor: Editor) -> None:
    person = Member(app_on_each_db, "stranger@example.com", role="owner")
    visitor = Visitor(app_on_each_db)
    visitor.sign_in(person.email)
    inputs = {**editor.inputs, "csrf_token": visitor.token("/console")}
    copy = f"/console/forms/{editor.form_id}/copy"
    for path in (editor.url, f"{editor.url}/preview", f"{editor.url}/card", copy):
        assert visitor.post(path, inputs).status_code == 404
    assert visitor.get(editor.url).status_code == 404


def test_more_inputs_than_a_form_can_have_are_refused(editor: Editor) -> None:
    more = {f"f.n{number}.label": "" for number in range(10_001)}
    assert editor.visitor.post(editor.url, {**editor.inputs, **more}).status_code == 413
