"""The pages of a form: to fill in, with what is wrong beside each field, thank you, and closed."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Response, current_app

from forms_service.errors import AuthorizationError, Fault
from forms_service.forms import returning, started
from forms_service.forms.controls import GENERIC, MAX_PAGE_SIZE, Control, controls, guessed, hidden_names
from forms_service.forms.published import PublishedForm
from forms_service.forms.widgets import Widget, widget_of
from forms_service.validation.special import BACK, CHALLENGE_TOKENS, HONEYPOTS, STARTED
from forms_service.web.answers import page

Errors = Mapping[str, Sequence[Fault]]
SOURCE = re.compile(r"https?://(?:\*\.)?[A-Za-z0-9._~:\[\]-]+", re.IGNORECASE)
"""An origin that a policy can name: others hold what ends a source or a directive there."""

NEVER_CARRIED = frozenset((*HONEYPOTS, *CHALLENGE_TOKENS, STARTED))
SOURCES = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
}


def asked_for(form: PublishedForm, query: Mapping[str, str]) -> Response:
    """The page of a form to fill in, or that it is closed."""
    if not form.open:
        return closed(form)
    if form.page_size > MAX_PAGE_SIZE:
        raise AuthorizationError(
            "This form is too long for a page of its own. Fill it in on the site that it belongs to."
        )
    return hosted(form, values={name: query[name] for name in hidden_names(form.fields) if name in query})


def hosted(
    form: PublishedForm,
    status: int = 200,
    errors: Errors | None = None,
    values: Mapping[str, Any] | None = None,
    message: str | None = None,
) -> Response:
    """The form to fill in, with `values` in it and `errors` beside the fields they belong to.

    What was sent and has no field on the page goes along hidden, so that nothing is lost when it is sent again.
    """
    errors = errors or {}
    trap = form.settings.honeypot or HONEYPOTS[0]
    values = {name: value for name, value in (values or {}).items() if name != trap}
    shown, widget = _shown(form, values, errors), widget_of(form)
    response = page(
        "forms/hosted.html",
        status,
        form=form,
        controls=shown,
        html_of=partial(_html_of, form),
        carried=_carried(values, {control.name for control in shown}),
        trap=trap,
        started=started.issue(),
        errors=errors,
        known={control.name: control for control in shown if control.kind != "hidden"},
        message=message,
        widget=widget,
    )
    response.policy = _policy(form, widget, values)  # type: ignore[attr-defined]  # these two are read by web/headers.py
    response.shows_others = bool(widget and widget.script)  # type: ignore[attr-defined]
    return response


def thanks(form: PublishedForm) -> Response:
    """That it arrived."""
    return plain("forms/thanks.html", form)


def closed(form: PublishedForm) -> Response:
    """That the form takes nothing any more."""
    return plain("forms/closed.html", form, 403)


def plain(template: str, form: PublishedForm, status: int = 200, **values: Any) -> Response:
    """A page of the form's without a form on it."""
    response = page(template, status, form=form, **values)
    response.policy = _directives({**SOURCES, "form-action": "'self'"}, form)  # type: ignore[attr-defined]
    return response


def _shown(form: PublishedForm, values: Mapping[str, Any], errors: Errors) -> list[Control]:
    """The fields as defined; of a form without any, those that were sent, else the three that most forms have."""
    return controls(form.fields or guessed(values) or GENERIC, values, errors)


def _html_of(form: PublishedForm, control: Control) -> str:
    """A control as HTML; one that nothing was filled in to is rendered once, as thousands of choices take long."""
    macro = current_app.jinja_env.get_template("forms/controls.html").module.control  # type: ignore[attr-defined]
    if control.values or control.errors or not form.fields:
        return cast("str", macro(control))
    if control.name not in form.rendered:
        form.rendered[control.name] = macro(control)
    return form.rendered[control.name]


def _carried(values: Mapping[str, Any], shown: set[str]) -> list[tuple[str, str]]:
    pairs = []
    for name, value in values.items():
        if name not in shown and name not in NEVER_CARRIED:
            pairs += [(name, text) for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
    return pairs


def _policy(form: PublishedForm, widget: Widget | None, values: Mapping[str, Any]) -> str:
    back = returning.url_in(str(values.get(BACK, "")), form.id)
    targets = _targets([*form.settings.redirect_urls, *([back] if back else [])])
    return _directives({**SOURCES, **(widget.sources if widget else {}), "form-action": targets}, form)


def _directives(sources: Mapping[str, str], form: PublishedForm) -> str:
    """The policy of a page that the form's sites may frame; anybody, where it lists none."""
    listed = [site for site in form.settings.allowed_origins if SOURCE.fullmatch(site)]
    ancestors = " ".join(["'self'", *listed]) if form.settings.allowed_origins else "*"
    return "; ".join(f"{name} {value}" for name, value in {"frame-ancestors": ancestors, **sources}.items())


def _targets(urls: Sequence[str]) -> str:
    """Where the form may lead: a browser holds the redirect after a form to its page's policy as well."""
    origins = {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, urls)}
    return " ".join(["'self'", *sorted(filter(SOURCE.fullmatch, origins))])
