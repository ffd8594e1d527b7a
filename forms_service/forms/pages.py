"""The pages of a form: to fill in, with what is wrong beside each field, thank you, closed, and refused."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from flask import Response, current_app, url_for

from forms_service.config import settings
from forms_service.errors import ApiError, AuthorizationError, FieldError, ValidationError
from forms_service.form_schema.special_fields import BACK, CHALLENGE_TOKENS, HONEYPOTS, STARTED
from forms_service.forms import page_tokens
from forms_service.forms.cache import FORM_CLOSED, FORM_FULL, PublishedForm
from forms_service.forms.captcha_widgets import Widget, widget_of
from forms_service.forms.controls import (
    DEFAULT_FIELDS,
    MAX_PAGE_SIZE,
    Control,
    build_controls,
    format_size,
    guess_fields,
    hidden_names,
)
from forms_service.web.responses import page

Errors = Mapping[str, Sequence[FieldError]]
CSP_SOURCE = re.compile(r"https?://(?:\*\.)?[A-Za-z0-9._~:\[\]-]+", re.IGNORECASE)
"""An origin that a policy can name: others hold what ends a source or a directive there."""

NEVER_RESENT = frozenset((*HONEYPOTS, *CHALLENGE_TOKENS, STARTED))
CSP_DIRECTIVES = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
}


@dataclass(frozen=True)
class PreviousAttempt:
    """What a form that is shown again knows of the first time that it was sent."""

    values: Mapping[str, Any]
    files: Collection[str] = ()
    """The names of the fields that files came in: a browser sends none again by itself."""

    age: float = 0
    """Seconds since the visitor was first shown the form."""

    site: str | None = None
    """Where they filled it in first."""

    query: Sequence[tuple[str, str]] = ()
    """The query that the form was sent with."""


FIRST_VISIT = PreviousAttempt({})
CHOOSE_AGAIN = FieldError("Choose the file again.", "choose_again")


def render_form(form: PublishedForm, query: Mapping[str, str]) -> Response:
    """The page of a form to fill in, or that it is closed or full."""
    is_full: Callable[[PublishedForm], bool] = current_app.extensions["is_full"]
    if not form.open or is_full(form):
        return render_page("forms/closed.html", form, 403, message=FORM_CLOSED if not form.open else FORM_FULL)
    if form.page_size > MAX_PAGE_SIZE:
        raise AuthorizationError("This form is too long for a hosted page. Fill it in on the site it belongs to.")
    return render_hosted(
        form, again=PreviousAttempt({name: query[name] for name in hidden_names(form.fields) if name in query})
    )


def render_hosted(
    form: PublishedForm,
    status: int = 200,
    errors: Errors | None = None,
    again: PreviousAttempt = FIRST_VISIT,
    message: str | None = None,
) -> Response:
    """The form to fill in, with what was filled in `again` and `errors` beside the fields they belong to.

    What was sent and has no field on the page goes along hidden, so that nothing is lost when it is sent again.
    """
    errors = {**{name: [CHOOSE_AGAIN] for name in again.files}, **(errors or {})}
    trap = form.settings.honeypot or HONEYPOTS[0]
    values = {name: value for name, value in again.values.items() if name != trap}
    shown, widget = (
        build_controls(form.fields or guess_fields(values, again.files) or DEFAULT_FIELDS, values, errors),
        widget_of(form),
    )
    response = page(
        "forms/hosted.html",
        status,
        form=form,
        controls=shown,
        html_of=partial(_render_control, form),
        carried=hidden_fields(values, {control.name for control in shown}),
        trap=trap,
        started=page_tokens.issue_start(again.age),
        action=resubmission_url(form.id, again.query, again.site),
        file_total=_file_total(shown),
        errors=errors,
        known={control.name: control for control in shown if control.kind != "hidden"},
        message=message or (ValidationError.message if errors else None),
        widget=widget,
    )
    response.policy = _policy(form, widget, values)  # type: ignore[attr-defined]  # these two are read by web/security_headers.py
    response.shows_others = bool(widget and widget.script)  # type: ignore[attr-defined]
    return response


def resubmission_url(form_id: str, query: Sequence[tuple[str, str]], site: str | None) -> str:
    """The address to send a form to again, with its query and a token about the visitor's site."""
    pairs = [*query, *([(page_tokens.SITE_PARAMETER, page_tokens.issue_return(form_id, site))] if site else [])]
    return url_for("hosted.page", form_id=form_id) + (f"?{urlencode(pairs)}" if pairs else "")


def render_thanks(form: PublishedForm, site: str | None) -> Response:
    """The thank-you page, with the way back to the site that the visitor came from, or to the form."""
    return render_page("forms/thanks.html", form, site=site, host=host_name(site))


def render_refusal(form: PublishedForm | None, error: ApiError, *, site: str | None, **values: Any) -> Response:
    """An error with the visitor's words to copy, the way back, and where that may help a button to send it again."""
    template = "forms/refused.html"
    if form:
        return render_page(template, form, error.status, error=error, site=site, host=host_name(site), **values)
    return page(template, error.status, form=None, error=error, site=site, host=host_name(site), **values)


def host_name(site: str | None) -> str:
    """The host of a URL, as a link to it is called."""
    return urlsplit(site or "").hostname or ""


def render_page(template: str, form: PublishedForm, status: int = 200, **values: Any) -> Response:
    """A page of the form's without a form on it."""
    response = page(template, status, form=form, **values)
    response.policy = _build_policy({**CSP_DIRECTIVES, "form-action": "'self'"}, form)  # type: ignore[attr-defined]
    return response


def _file_total(shown: Sequence[Control]) -> str | None:
    """Bytes that all files may have together, in words, where more than one may be chosen."""
    files = [control for control in shown if control.kind == "file"]
    return format_size(settings.max_upload_size) if len(files) > 1 else None


def _render_control(form: PublishedForm, control: Control) -> str:
    """A control as HTML; one that nothing was filled in to is rendered once, as thousands of choices take long."""
    macro = current_app.jinja_env.get_template("forms/controls.html").module.control  # type: ignore[attr-defined]
    if control.values or control.errors or not form.fields:
        return cast("str", macro(control))
    if control.name not in form.rendered_controls:
        form.rendered_controls[control.name] = macro(control)
    return form.rendered_controls[control.name]


def hidden_fields(values: Mapping[str, Any], shown: Collection[str] = ()) -> list[tuple[str, str]]:
    """What goes along hidden: name and text of what is not shown, but CAPTCHAs, traps and times, which are used up."""
    pairs = []
    for name, value in values.items():
        if name not in shown and name not in NEVER_RESENT:
            pairs += [(name, text) for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
    return pairs


def _policy(form: PublishedForm, widget: Widget | None, values: Mapping[str, Any]) -> str:
    back = page_tokens.return_url(str(values.get(BACK, "")), form.id)
    targets = _form_targets([*form.settings.redirect_urls, *([back] if back else [])])
    return _build_policy({**CSP_DIRECTIVES, **(widget.csp_sources if widget else {}), "form-action": targets}, form)


def _build_policy(sources: Mapping[str, str], form: PublishedForm) -> str:
    """The policy of a page that the form's sites may frame; anybody, where it lists none."""
    listed = [site for site in form.settings.allowed_origins if CSP_SOURCE.fullmatch(site)]
    ancestors = " ".join(["'self'", *listed]) if form.settings.allowed_origins else "*"
    return "; ".join(f"{name} {value}" for name, value in {"frame-ancestors": ancestors, **sources}.items())


def _form_targets(urls: Sequence[str]) -> str:
    """Where the form may lead: a browser holds the redirect after a form to its page's policy as well."""
    origins = {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, urls)}
    return " ".join(["'self'", *sorted(filter(CSP_SOURCE.fullmatch, origins))])
