"""Pages of the console: the CSP with its nonce, scripts by hash, htmx attributes, redirects with a notice."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any

from flask import Response, current_app, g, redirect, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as BaseResponse

from forms_service.accounts import preferences
from forms_service.console import csrf
from forms_service.errors import (
    ApiError,
    AuthorizationError,
    ConflictError,
    FieldError,
    RateLimitError,
    ValidationError,
)
from forms_service.forms.access import includes
from forms_service.validation import datetimes
from forms_service.web.recovery import submitted_values
from forms_service.web.responses import page

View = Callable[..., Any]

NOTICES = {
    "saved": "Saved.",
    "deleted": "Deleted.",
    "sent": "Sent.",
    "none_selected": "Nothing was selected. Tick the boxes of submissions first.",
    "undone": "Undone.",
    "partly_undone": "Undone, but for those that somebody has changed or deleted since.",
    "too_late": "It is too late to undo that. You can still move each submission back by its buttons.",
    "copied": "Copied. This is the copy.",
    "restored": "Restored as a new version.",
    "invited": "Invited. They are a member once they sign in with this address; the mail says so.",
    "removed": "Removed.",
    "left": "You have left the form.",
    "handed_over": "The form has a new owner. You are one of its managers.",
    "accepted": "You are on this form now.",
    "declined": "Invitation declined.",
    "password_changed": "Your password has been changed. All other sessions have ended.",
    "address_change_sent": "We have sent a link to the new address. Your address changes when you open it.",
    "session_ended": "The session has ended.",
    "other_sessions_ended": "All other sessions have ended.",
    "key_revoked": "The key has been revoked. Programs that use it are refused from now on.",
    "suppression_added": "This address gets no mail any more.",
    "suppression_removed": "This address gets mail again.",
    "account_enabled": "The account has been enabled.",
    "account_disabled": "The account has been disabled.",
    "role_changed": "The role has been changed.",
    "form_erased": "The form and its submissions have been erased.",
    "form_erasing": "The form is gone. Its submissions are being erased, which takes some minutes.",
    "created": "Your form is ready. Copy its code into your page.",
    "tested": "Test sent.",
    "recipient_asked": "A mail asks the address to confirm. One address gets at most 3 of these within an hour.",
    "recipient_removed": "Removed. Nothing more is sent to this address.",
    "webhook_on": "The webhook is on. What failed meanwhile can be sent again.",
    "webhook_off": "The webhook is off. What waits for it is not sent.",
    "due": "It is sent within seconds.",
}
"""Sentence of a page after a redirect, by the value of `done` in its query."""

HTMX_ATTRIBUTES = {
    *("get", "post", "target", "select", "select_oob", "swap", "swap_oob", "push_url", "replace_url", "indicator"),
    *("include", "sync", "disable", "trigger", "confirm", "preserve"),
}
"""None of them holds code, unless a value begins with `js:` or a trigger has a filter in brackets."""


def init_blueprint(blueprint: Any) -> None:
    """Add what the console's templates call."""
    for name, function in (
        ("csrf_token", csrf.token),
        ("hx", hx),
        ("asset", asset),
        ("nonce", nonce),
        ("may", lambda form, needed: includes(form["role"], needed)),
        ("local_time", local_time),
        ("preferences", current_preferences),
    ):
        blueprint.app_template_global(name)(function)


def render(template: str, status: int = 200, *, sources: Mapping[str, str] | None = None, **values: Any) -> Response:
    """Render a page; `sources` add to its CSP.

    After a refused form `error`, `errors` by field and `values` as typed are there; else they are empty.
    """
    error: ApiError | None = g.get("form_error")
    errors: Mapping[str, Any] = error.field_errors if isinstance(error, ValidationError) else {}
    shown = {"error": error, "errors": errors, "values": submitted_values() if error else {}, **values}
    response = page(template, status, notice=NOTICES.get(request.args.get("done", "")), **shown)
    response.headers["Vary"] = "Accept, HX-Request"
    response.policy = _policy(sources or {})  # type: ignore[attr-defined]  # read by web/security_headers.py
    return response


def redisplay(show: View) -> Callable[[View], View]:
    """Render the page again by `show` when its form is refused: an undecorated function of the same URL arguments.

    Quotas are refused with 403; of a role that is too low, `show` itself says so.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            try:
                return view(*args, **kwargs)
            except (ValidationError, ConflictError, RateLimitError, AuthorizationError) as error:
                g.form_error = error
                response = current_app.make_response(show(**(request.view_args or {})))
                response.status_code = error.status
                response.headers.update(error.headers)
                return response

        return wrapper

    return decorate


def see(endpoint: str, done: str | None = None, **values: Any) -> BaseResponse:
    """Redirect after a POST; `done` is one of NOTICES."""
    return redirect(url_for(endpoint, done=done, **values), 303)


def nonce() -> str:
    """Return the nonce of this response's scripts and htmx attributes."""
    value: str | None = g.get("csp_nonce")
    if value is None:
        value = g.csp_nonce = secrets.token_urlsafe(16)
    return value


def hx(**attributes: str) -> Markup:
    """Return htmx attributes with the nonce, without which they do nothing: `hx(get=url, target="#detail")`."""
    unknown = set(attributes) - HTMX_ATTRIBUTES
    if unknown:
        raise ValueError(f"not an htmx attribute for pages of ours: {sorted(unknown)}")
    if "[" in attributes.get("trigger", "") or any(
        value.startswith(("js:", "javascript:")) for value in attributes.values()
    ):
        raise ValueError("code in an htmx attribute")
    pairs = (
        f'hx-{name.replace("_", "-")}="{escape(value)}"' for name, value in {**attributes, "nonce": nonce()}.items()
    )
    return Markup(" ".join(pairs))  # noqa: S704 - names are of the list above, values are escaped


def asset(name: str) -> dict[str, str]:
    """Return `url` and `integrity` (SRI) of a static file."""
    return {
        "url": url_for("static", filename=name, v=current_app.jinja_env.globals["version"]),
        "integrity": _integrity(str(Path(current_app.static_folder or "") / name)),
    }


def current_preferences() -> preferences.Preferences:
    """Return those of who is signed in."""
    if "preferences" not in g:
        g.preferences = preferences.load(g.caller.account_id) if "caller" in g else preferences.DEFAULT
    return g.preferences  # type: ignore[no-any-return]  # of `g`


def local_time(moment: Any) -> Any:
    """Return a time in the zone of who is signed in."""
    return datetimes.local_time(moment, current_preferences().zone)


def faults(errors: Mapping[str, list[FieldError]], prefix: str) -> dict[str, list[FieldError]]:
    """Return the errors below a path, without it: `settings.` of `settings.thanks.title`."""
    return {name.removeprefix(prefix): messages for name, messages in errors.items() if name.startswith(prefix)}


@cache
def _integrity(path: str) -> str:
    return f"sha384-{base64.b64encode(hashlib.sha384(Path(path).read_bytes()).digest()).decode()}"


def _policy(sources: Mapping[str, str]) -> str:
    directives = {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce()}'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "htmx",
        **sources,
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
