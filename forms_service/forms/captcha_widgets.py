"""The CAPTCHAs on a form's page: what a browser loads for each, and from where it may. They are what needs a script."""

from collections.abc import Mapping
from dataclasses import dataclass

from forms_service.forms.cache import PublishedForm


@dataclass(frozen=True)
class Widget:
    """What shows a CAPTCHA and puts its token into a field of the form."""

    token_field: str
    """The name of that field."""

    csp_sources: Mapping[str, str]
    """What the page's policy allows for it: directive → sources."""

    script: str | None = None
    """The provider's; None where everything comes from here."""

    css_class: str = ""
    """The class by which the provider's script finds its place."""


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
"""Every challenge that a form can set; the sources are those that the providers name."""


def widget_of(form: PublishedForm) -> Widget | None:
    """The widget of the form's challenge; None without one."""
    return WIDGETS.get(form.settings.challenge)
