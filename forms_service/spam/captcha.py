"""The CAPTCHA that an owner chose: its token is good, bad, or nobody knows because the provider is away."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forms_service.config import Settings, settings
from forms_service.errors import FieldError, ValidationError
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm
from forms_service.spam import altcha_challenges, captcha_providers
from forms_service.submissions.parsed_submission import ParsedSubmission

UNAVAILABLE = "challenge_unavailable"
"""The reason for the spam folder when nobody could say whether the token is good."""

MAX_TOKEN_LENGTH = 8192
"""Characters; hCaptcha's and reCAPTCHA's have some thousand."""


@dataclass(frozen=True)
class Provider:
    """Who is asked, and in which field its widget puts the token."""

    field: str
    url: Callable[[Settings], str]


ALTCHA_FIELD = "altcha"
PROVIDERS = {
    "turnstile": Provider("cf-turnstile-response", lambda said: said.turnstile_verify_url),
    "hcaptcha": Provider("h-captcha-response", lambda said: said.hcaptcha_verify_url),
    "recaptcha": Provider("g-recaptcha-response", lambda said: said.recaptcha_verify_url),
}


def check_token(form: PublishedForm, parsed: ParsedSubmission) -> str | None:
    """None for a good token, or a form without a CAPTCHA; UNAVAILABLE when its provider does not say.

    A token is good for one time, so whatever else may be wrong with the submission is to be found before. No
    transaction of the caller's may be open: an answer can take three seconds.

    :raises ValidationError: naming the token's field, for one that is missing or bad
    """
    kind = form.settings.challenge
    if kind == "none":
        return None
    provider = PROVIDERS.get(kind)
    field = provider.field if provider else ALTCHA_FIELD
    tokens = parsed.challenge.get(field)
    if not tokens:
        raise ValidationError({field: [FieldError("Confirm that you are human.", "required")]})
    try:
        good = _verify(form, provider, tokens, parsed.client)
    except captcha_providers.ProviderUnavailableError:
        return UNAVAILABLE
    if not good:
        raise ValidationError({field: [FieldError("The CAPTCHA check failed. Try again.", "challenge")]})
    return None


def _verify(form: PublishedForm, provider: Provider | None, tokens: Sequence[str], client: str) -> bool:
    """Whether one of the tokens is good."""
    if provider is None:
        return any(altcha_challenges.verify_solution(form.id, token) for token in tokens)
    db.session.rollback()  # gives back the connection: nobody else is to wait for the provider
    secret, url = form.settings.challenge_secret or "", provider.url(settings)
    until = time.monotonic() + captcha_providers.TIMEOUT
    return any(
        captcha_providers.verify(url, secret=secret, token=token, client=client, timeout=until - time.monotonic())
        for token in tokens
        if len(token) <= MAX_TOKEN_LENGTH
    )
