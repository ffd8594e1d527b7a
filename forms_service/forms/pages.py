"""Hosted pages of a form, with their CSP."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from flask import Response, current_app, url_for
from werkzeug.datastructures import MultiDict

from forms_service.captchas import CAPTCHAS
from forms_service.config import settings
from forms_service.errors import ApiError, AuthorizationError, FieldError, NotFoundError, ValidationError
from forms_service.form_schema.setting_fields import COLOR
from forms_service.form_schema.special_fields import BACK, CHALLENGE_TOKENS, HONEYPOTS, STARTED
from forms_service.forms import availability, page_policy, page_tokens, theme
from forms_service.forms.cache import PublishedForm
from forms_service.forms.controls import (
    DEFAULT_FIELDS,
    MAX_PAGE_SIZE,
    Control,
    build_controls,
    default_fields,
    guess_fields,
)
from forms_service.forms.prefill import prefill
from forms_service.languages.formats import format_size
from forms_service.languages.sentences import N_
from forms_service.web.languages import PARAMETER, current_language, translated
from forms_service.web.responses import page

Errors = Mapping[str, Sequence[FieldError]]
SUBMISSION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NEVER_RESENT = frozenset((*HONEYPOTS, *CHALLENGE_TOKENS, STARTED))


@dataclass(frozen=True)
class PreviousAttempt:
    """Fills in the re-displayed form."""

    values: Mapping[str, Any]
    files: Collection[str] = ()
    """Fields whose file browsers do not resend."""

    age: float = 0
    """Seconds since first shown."""

    site: str | None = None

    query: Sequence[tuple[str, str]] = ()
    is_first: bool = False
    """Values are those of the page's URL; nobody has sent them yet."""


FIRST_VISIT = PreviousAttempt({})
CHOOSE_AGAIN = FieldError(N_("Choose the file again."), "choose_again")


def render_form(form: PublishedForm, query: MultiDict[str, str]) -> Response:
    """Render the form, or why it accepts nothing now."""
    closure = current_closure(form)
    if closure:
        return render_page("forms/closed.html", form, 403, closure=closure)
    if form.page_size > MAX_PAGE_SIZE:
        raise AuthorizationError(N_("This form is too long for a hosted page. Fill it in on the site it belongs to."))
    return render_hosted(form, again=PreviousAttempt(prefill(form.fields or DEFAULT_FIELDS, query), is_first=True))


def current_closure(form: PublishedForm) -> availability.Closure | None:
    """Return why the form accepts nothing, or None while it does."""
    is_full: Callable[[PublishedForm], bool] = current_app.extensions["is_full"]
    own = form.in_language(current_language())
    if not form.is_open:
        return availability.find_closure(own)
    return availability.full(own) if is_full(form) else None


def render_hosted(
    form: PublishedForm,
    status: int = 200,
    errors: Errors | None = None,
    again: PreviousAttempt = FIRST_VISIT,
    message: str | None = None,
) -> Response:
    """Fill in a previous attempt; values without a field become hidden fields."""
    form = form.in_language(current_language())
    errors = {**{name: [CHOOSE_AGAIN] for name in again.files}, **(errors or {})}
    sentences = {name: [translated(fault) for fault in faults] for name, faults in errors.items()}
    honeypot = form.settings.honeypot or HONEYPOTS[0]
    values = {name: value for name, value in again.values.items() if name != honeypot}
    guessed = () if again.is_first else guess_fields(values, again.files)
    fields = form.fields or guessed or default_fields()
    controls, widget = build_controls(fields, values, sentences), CAPTCHAS.get(form.settings.challenge)
    response = page(
        "forms/hosted.html",
        status,
        form=form,
        controls=controls,
        render_control=partial(_render_control, form),
        hidden_fields=hidden_fields(values, {control.name for control in controls}),
        honeypot=honeypot,
        started=page_tokens.issue_start(again.age),
        action=resubmission_url(form.id, again.query, again.site),
        file_total=_file_total(controls),
        errors=sentences,
        visible={control.name: control for control in controls if control.kind != "hidden"},
        message=translated(message or (ValidationError.message if errors else "")) or None,
        widget=widget,
        has_logo=page_policy.logo_origin(form) is not None,
    )
    return_url = page_tokens.return_url(str(values.get(BACK, "")), form.id)
    targets = [*form.settings.redirect_urls, *([return_url] if return_url else [])]
    page_policy.set_policy(response, form, targets, widget)
    return response


def resubmission_url(form_id: str, query: Sequence[tuple[str, str]], site: str | None) -> str:
    url = url_for("hosted.page", form_id=form_id)
    pairs = [*query, *([(page_tokens.SITE_PARAMETER, page_tokens.issue_return(form_id, site))] if site else [])]
    if "?" in url:  # the language, which may have come with the query
        pairs = [pair for pair in pairs if pair[0] != PARAMETER]
    return url + (f"{'&' if '?' in url else '?'}{urlencode(pairs)}" if pairs else "")


def render_thanks(form: PublishedForm, site: str | None, reference: str | None, waiting: str = "") -> Response:
    """Render the thank-you page; a submission `waiting` for its double opt-in can ask for the mail again."""
    shown = waiting if form.settings.double_opt_in and SUBMISSION_ID.fullmatch(waiting) else None
    button_url = form.settings.thanks.button_url
    return render_page(
        "forms/thanks.html",
        form,
        site=site,
        host=host_name(site),
        reference=reference,
        waiting=shown,
        button_host=host_name(button_url),
    )


def render_refusal(form: PublishedForm | None, error: ApiError, *, site: str | None, **values: Any) -> Response:
    """Show an error with the visitor's text to copy."""
    template = "forms/refused.html"
    if form:
        return render_page(template, form, error.status, error=error, site=site, host=host_name(site), **values)
    return page(template, error.status, form=None, error=error, site=site, host=host_name(site), **values)


def host_name(site: str | None) -> str:
    return urlsplit(site or "").hostname or ""


def render_page(template: str, form: PublishedForm, status: int = 200, **values: Any) -> Response:
    """Render a page of a form without the form itself."""
    form = form.in_language(current_language())
    response = page(template, status, form=form, has_logo=page_policy.logo_origin(form) is not None, **values)
    page_policy.set_policy(response, form)
    return response


def render_theme(color: str) -> Response:
    """Return the stylesheet of a colour.

    :raises NotFoundError: for what is no colour
    """
    if not COLOR.fullmatch(f"#{color}"):
        raise NotFoundError()
    response = Response(theme.stylesheet(f"#{color}"), mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"  # its address names the colour
    return response


def _file_total(controls: Sequence[Control]) -> str | None:
    files = [control for control in controls if control.kind == "file"]
    return format_size(settings.max_upload_size, current_language()) if len(files) > 1 else None


def _render_control(form: PublishedForm, control: Control) -> str:
    macro = current_app.jinja_env.get_template("forms/controls.html").module.control  # type: ignore[attr-defined]
    if control.values or control.errors or not form.fields:
        return cast("str", macro(control))
    # thousands of choices take long to render
    key = current_language(), control.name
    if key not in form.rendered_controls:
        form.rendered_controls[key] = macro(control)
    return form.rendered_controls[key]


def hidden_fields(values: Mapping[str, Any], visible_names: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return values to carry along, not single-use ones."""
    pairs = []
    for name, value in values.items():
        if name not in visible_names and name not in NEVER_RESENT:
            pairs += [(name, text) for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
    return pairs
