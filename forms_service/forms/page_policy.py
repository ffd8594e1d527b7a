"""Content-Security-Policy of hosted pages: what a form's settings add to it."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from flask import Response

from forms_service.captchas import Captcha
from forms_service.forms.cache import PublishedForm

SOURCE = re.compile(r"https?://(?:\*\.)?[A-Za-z0-9._~:\[\]-]+", re.IGNORECASE)
"""Cannot end a source or directive."""

DIRECTIVES = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'self'",
}


def set_policy(
    response: Response, form: PublishedForm, targets: Sequence[str] = (), widget: Captcha | None = None
) -> None:
    """Let the page post to `targets`, and load the widget of its CAPTCHA and the form's logo."""
    logo = logo_origin(form)
    sources = {
        **(widget.csp_sources if widget else {}),
        **({"img-src": f"{DIRECTIVES['img-src']} {logo}"} if logo else {}),
        "form-action": _form_targets(targets),
    }
    response.policy = _build_policy({**DIRECTIVES, **sources}, form)  # type: ignore[attr-defined]  # both are read by web/security_headers.py
    response.shows_others = bool(logo or (widget and widget.script))  # type: ignore[attr-defined]


def logo_origin(form: PublishedForm) -> str | None:
    """Return the CSP source of the form's logo, if it has one that a policy can name."""
    url = form.settings.theme.logo_url
    return _origin(url) if url else None


def _origin(url: str) -> str | None:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if SOURCE.fullmatch(origin) and "*" not in origin else None  # browsers let it stand for any host


def _build_policy(directives: Mapping[str, str], form: PublishedForm) -> str:
    # the form's sites may frame the page, or any site if it lists none
    framing_sites = [site for site in form.settings.allowed_origins if SOURCE.fullmatch(site)]
    ancestors = " ".join(["'self'", *framing_sites]) if form.settings.allowed_origins else "*"
    return "; ".join(f"{name} {value}" for name, value in {"frame-ancestors": ancestors, **directives}.items())


def _form_targets(urls: Sequence[str]) -> str:
    # browsers apply `form-action` to redirects too
    return " ".join(["'self'", *sorted({origin for url in urls if (origin := _origin(url))})])
