"""The language of a response to a visitor, and gettext for the templates."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from flask import Flask, g, has_app_context, has_request_context, request

from forms_service.form_schema.special_fields import LANGUAGE
from forms_service.languages import catalogues
from forms_service.languages.catalogues import LANGUAGES, translate
from forms_service.languages.formats import ENGLISH, show_value
from forms_service.languages.negotiation import choose_language, match_tag

PARAMETER = LANGUAGE[0]
"""Field of a submission, and query parameter of pages."""

IN_ENGLISH = ("/console", "/api/docs")
"""Paths of pages without translations."""

CARRIERS = ("accounts", "hosted", "links", "me", "pages", "recovery", "sessions", "signup", "subscriptions")
"""Blueprints whose URLs carry a requested language on."""

WITHOUT = ("hosted.stylesheet",)
"""Endpoints of these blueprints that are the same in each language."""


def init_app(app: Flask) -> None:
    """Give the templates `_`, `ngettext`, `language()` and the filters `translated` and `localized`."""
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["language"] = current_language
    environment.filters["translated"] = translated
    environment.filters["localized"] = lambda value: show_value(value, current_language())
    app.url_default_functions.setdefault(None, []).append(_carry)


def current_language() -> str:
    """Return the language of this response or mail: requested, the form's, the browser's, or English.

    Call it after the body is read: `_language` may be in it.
    """
    if not has_app_context():
        return ENGLISH
    state = cast("Any", g)._get_current_object()  # each use of the proxy takes longer than the rest
    language: str | None = state.get("language")
    if language is None:
        language = state.language = _choose(state) if has_request_context() else ENGLISH
    return language


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Render the block in this language."""
    before = g.get("language")
    g.language = language
    try:
        yield
    finally:
        g.language = before


def translated(text: str) -> str:
    """Translate a sentence for this response."""
    return translate(text, current_language())


def _choose(state: Any) -> str:
    environ = request.environ
    if environ.get("PATH_INFO", "").startswith(IN_ENGLISH):
        return ENGLISH
    requested = state.requested_language = _requested(state.get("body"), environ.get("QUERY_STRING", ""))
    if requested:
        return requested
    form = state.get("form")
    offered = form.settings.languages.offered if form else LANGUAGES
    return choose_language(environ.get("HTTP_ACCEPT_LANGUAGE", ""), offered)


def _requested(body: Any, query: str) -> str | None:
    """Return the language that field or query names, if there is a catalogue for it."""
    value = body.get(PARAMETER) if isinstance(body, dict) else None
    if value is None and PARAMETER in query:
        value = request.args.get(PARAMETER)
    if isinstance(value, list):
        value = next(iter(value), None)
    return match_tag(value) if isinstance(value, str) else None


def _carry(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint.partition(".")[0] in CARRIERS and endpoint not in WITHOUT and has_request_context():
        current_language()
        if requested := g.get("requested_language"):
            values.setdefault(PARAMETER, requested)


def _gettext(message: str) -> str:
    return catalogues.gettext(message, current_language())


def _ngettext(one: str, many: str, count: int) -> str:
    return catalogues.ngettext(one, many, count, current_language())
