"""CAPTCHA providers, for settings, pages and spam checks."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Captcha:
    name: str
    token_field: str
    """Form field that its widget fills."""

    csp_sources: Mapping[str, str]
    """Content-Security-Policy sources by directive."""

    verify_url: str | None = None
    """Default of `<NAME>_VERIFY_URL`; None if verified here."""

    script: str | None = None
    """None if the service serves it."""

    css_class: str = ""
    """Marks the element for the provider's script."""

    @property
    def setting(self) -> str:
        """Return the name of the setting that overrides `verify_url`."""
        return f"{self.name}_verify_url"


_TURNSTILE = "https://challenges.cloudflare.com"
_HCAPTCHA = "https://hcaptcha.com https://*.hcaptcha.com"
_RECAPTCHA = "https://www.google.com/recaptcha/"

ALTCHA = Captcha("altcha", "altcha", {"script-src": "'self'", "worker-src": "'self'", "connect-src": "'self'"})
TURNSTILE = Captcha(
    "turnstile",
    "cf-turnstile-response",
    {"script-src": _TURNSTILE, "frame-src": _TURNSTILE},
    f"{_TURNSTILE}/turnstile/v0/siteverify",
    f"{_TURNSTILE}/turnstile/v0/api.js",
    "cf-turnstile",
)
HCAPTCHA = Captcha(
    "hcaptcha",
    "h-captcha-response",
    {"script-src": _HCAPTCHA, "frame-src": _HCAPTCHA, "connect-src": _HCAPTCHA, "style-src": f"'self' {_HCAPTCHA}"},
    "https://api.hcaptcha.com/siteverify",
    "https://js.hcaptcha.com/1/api.js",
    "h-captcha",
)
RECAPTCHA = Captcha(
    "recaptcha",
    "g-recaptcha-response",
    {
        "script-src": f"{_RECAPTCHA} https://www.gstatic.com/recaptcha/",
        "frame-src": f"{_RECAPTCHA} https://recaptcha.google.com/recaptcha/",
    },
    f"{_RECAPTCHA}api/siteverify",
    f"{_RECAPTCHA}api.js",
    "g-recaptcha",
)

CAPTCHAS = {captcha.name: captcha for captcha in (ALTCHA, TURNSTILE, HCAPTCHA, RECAPTCHA)}
"""Keyed by the value of the form setting `challenge`."""
