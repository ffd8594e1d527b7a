"""The script that builds a form on another site: the client of `clients/js`, and the form's definition as JSON."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, current_app, request

from forms_service.captchas import CAPTCHAS
from forms_service.errors import AuthorizationError
from forms_service.form_schema.special_fields import HONEYPOTS
from forms_service.forms.cache import PublishedForm
from forms_service.forms.controls import MAX_PAGE_SIZE, Control, build_controls, default_fields
from forms_service.forms.pages import current_closure
from forms_service.forms.script_words import embedded_words
from forms_service.languages.catalogues import translate
from forms_service.languages.sentences import N_
from forms_service.validation.label_links import split_links
from forms_service.web import error_handlers
from forms_service.web.languages import current_language

CONTENT_TYPE = "text/javascript; charset=utf-8"
MAX_AGE = 60
"""Seconds that browsers keep it."""


def render(form: PublishedForm) -> Response:
    """Render the script; a form that is closed or full shows its text.

    :raises AuthorizationError: if the form is too long
    """
    if form.page_size > MAX_PAGE_SIZE:
        raise AuthorizationError(N_("This form is too long to be put into a page."))
    response = _script(f"{_client()}{json.dumps(describe(form), ensure_ascii=False, separators=(',', ':'))});\n")
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    response.headers["Content-Language"] = current_language()
    response.vary.add("Accept-Language")
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    return response.make_conditional(request)  # type: ignore[return-value]  # werkzeug's type of the same object


def error_response(error: Exception) -> Response:
    """Return a script, since browsers report JSON in its place as a fault of its type."""
    api_error = error_handlers.to_api_error(error)
    text = json.dumps(f"{request.path}: {api_error.message}").replace("</", "<\\/")
    return error_handlers.finalize(_script(f"console.error({text});\n", api_error.status), api_error)


def describe(form: PublishedForm) -> dict[str, Any]:
    """Return what the client builds the form from."""
    language = current_language()
    form = form.in_language(language)
    closure = current_closure(form)
    controls = [] if closure else build_controls(form.fields or default_fields(), {}, {})
    captcha = CAPTCHAS.get(form.settings.challenge)
    return {
        "id": form.id,
        "action": form.url,
        "closed": translate(closure.message, language) if closure else None,
        "honeypot": form.settings.honeypot or HONEYPOTS[0],
        "files": any(control.kind == "file" for control in controls),
        "captcha": {"name": captcha.css_class, "key": form.settings.challenge_site_key}
        if captcha and captcha.script
        else None,
        "words": embedded_words(language),
        "controls": [_describe(control) for control in controls],
    }


def _describe(control: Control) -> dict[str, Any]:
    return {
        "name": control.name,
        "kind": control.kind,
        "label": _pieces(control.label),
        "help": _pieces(control.help or ""),
        "required": control.required,
        "attributes": control.attributes,
        "choices": control.choices,
    }


def _pieces(text: str) -> list[tuple[str, str | None]]:
    return [piece for piece in split_links(text) if piece[0]]


def _script(text: str, status: int = 200) -> Response:
    return Response(text, status, content_type=CONTENT_TYPE)


@cache
def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def _client() -> str:
    return _read(str(Path(current_app.root_path, "templates", "forms", "embed.js")))
