"""The registry of CAPTCHAs: one entry holds all that settings, pages and spam checks need to know of a provider."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Captcha:
    """A CAPTCHA that a form can require."""

    name: str
    token_field: str
    """The field of the form that its widget writes the token into."""

    csp_sources: Mapping[str, str]
    """Sources that the page's Content-Security-Policy must allow, by directive."""

    verify_url: str | None = None
    """Where its provider verifies tokens, unless `<NAME>_VERIFY_URL` is set; None if the service does it."""

    script: str | None = None
    """URL of the provider's script; None if the service serves it."""

    css_class: str = ""
    """The class by which the provider's script finds its element."""

    @property
    def setting(self) -> str:
        """The setting that holds `verify_url`."""
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
"""Every CAPTCHA by its name, which is the form setting `challenge`."""
