"""Test submissions by people who manage a form: sample values in a request of its own, taken as from any visitor."""

import io
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, g, request
from werkzeug.test import EnvironBuilder

from forms_service.accounts.guards import Caller
from forms_service.accounts.me.service import get_account
from forms_service.captchas import ALTCHA
from forms_service.errors import AuthorizationError, ConflictError
from forms_service.form_schema.special_fields import STARTED, SUBJECT
from forms_service.forms import access, page_tokens
from forms_service.forms.cache import PublishedForm, get_published_form
from forms_service.forms.controls import DEFAULT_FIELDS
from forms_service.intake import acceptance
from forms_service.spam import altcha_challenges
from forms_service.web.bodies import MULTIPART, URLENCODED
from forms_service.webhooks.samples import sample_values

AGE = 60
"""Seconds that the sample visitor took."""

NEEDS_VISITOR = (
    "This form asks for a CAPTCHA of another provider, which only a visitor can solve. "
    "Open the page with the form and send it from there."
)
FILES: Sequence[tuple[str, str, bytes]] = (
    ("test.pdf", "application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"),
    ("test.png", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(60)),
    ("test.jpg", "image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1" + bytes(60)),
    ("test.csv", "text/csv", b"name,value\ntest,1\n"),
    ("test.txt", "text/plain", b"This file belongs to a test.\n"),
)
"""Name, type and content; the first that a field accepts is sent."""


def send_trial(form_id: str, caller: Caller, label: str, *, by_script: bool) -> uuid.UUID:
    """Submit sample values and return the submission's id; `label` is in the subject of the mail.

    :raises ConflictError: if the form is closed or full, or asks for a CAPTCHA of another provider
    :raises ValidationError: if a sample value does not match a pattern
    """
    access.find_form(form_id, caller)
    form = get_published_form(form_id)
    if form.settings.challenge not in ("none", "altcha"):
        raise ConflictError(NEEDS_VISITOR)
    values = _values(form, get_account(caller).email)
    body = {**values, **_files(form), SUBJECT[0]: f"Test: {label}", **_proofs(form)}
    builder = EnvironBuilder(
        f"/f/{form_id}",
        method="POST",
        data=body,
        content_type=MULTIPART if by_script or form.file_fields else URLENCODED,
        environ_overrides={"REMOTE_ADDR": request.remote_addr or ""},
    )
    with current_app.app_context(), current_app.request_context(builder.get_environ()):  # with a `g` of its own
        g.form = form
        try:
            return acceptance.accept_request(form, str(uuid.uuid4()) if by_script else None)[1]
        except AuthorizationError as error:
            raise ConflictError(error.message) from error


def _values(form: PublishedForm, email: str) -> dict[str, Any]:
    fields = form.fields or DEFAULT_FIELDS
    values: dict[str, Any] = sample_values(fields)
    for field in fields:
        if field["type"] == "email":
            values[str(field["name"])] = email  # the form may answer it
    return {name: value if isinstance(value, list) else str(value) for name, value in values.items()}


def _proofs(form: PublishedForm) -> dict[str, str]:
    started = {STARTED: page_tokens.issue_start(AGE)}
    if form.settings.challenge == "altcha":
        return {**started, ALTCHA.token_field: altcha_challenges.solve(form.id)}
    return started


def _files(form: PublishedForm) -> dict[str, Any]:
    chosen = {field["name"]: _choose_file(field) for field in form.fields if field["type"] == "file"}
    return {name: (io.BytesIO(file[2]), file[0], file[1]) for name, file in chosen.items()}


def _choose_file(field: Mapping[str, Any]) -> tuple[str, str, bytes]:
    entries = [entry.strip().lower() for entry in field.get("accept", "").split(",") if entry.strip()]
    for name, kind, content in FILES:
        names = {f".{name.rpartition('.')[2]}", kind, f"{kind.partition('/')[0]}/*", "*/*"}
        if not entries or names & set(entries):
            return name, kind, content
    return FILES[0]
