"""CAPTCHA widgets of hosted pages: scripts and the CSP sources they need."""

from collections.abc import Mapping
from dataclasses import dataclass

from forms_service.forms.cache import PublishedForm


@dataclass(frozen=True)
class Widget:
    """A widget that writes its token into a field of the form."""

    token_field: str

    csp_sources: Mapping[str, str]

    script: str | None = None
    """URL of the provider's script; None if the service serves it."""

    css_class: str = ""
    """The class by which the provider's script finds its element."""


_TURNSTILE = "https://challenges.cloudflare.com"
_HCAPTCHA = "https://hcaptcha.com https://*.hcaptcha.com"
_RECAPTCHA = "https://www.google.com/recaptcha/"

WIDGETS = {
    "altcha": Widget("altcha", {"script-src": "'self'", "worker-src": "'self'", "connect-src": "'self'"}),
    "turnstile": Widget(
        "cf-turnstile-response",
        {"script-src": _TURNSTILE, "frame-src": _TURNSTILE},
        f"{_TURNSTILE}/turnstile/v0/api.js",
        "cf-turnstile",
    ),
    "hcaptcha": Widget(
        "h-captcha-response",
        {"script-src": _HCAPTCHA, "frame-src": _HCAPTCHA, "connect-src": _HCAPTCHA, "style-src": f"'self' {_HCAPTCHA}"},
        "https://js.hcaptcha.com/1/api.js",
        "h-captcha",
    ),
    "recaptcha": Widget(
        "g-recaptcha-response",
        {
            "script-src": f"{_RECAPTCHA} https://www.gstatic.com/recaptcha/",
            "frame-src": f"{_RECAPTCHA} https://recaptcha.google.com/recaptcha/",
        },
        f"{_RECAPTCHA}api.js",
        "g-recaptcha",
    ),
}


def get_widget(form: PublishedForm) -> Widget | None:
    """Return the widget of the form's challenge, if any."""
    return WIDGETS.get(form.settings.challenge)
