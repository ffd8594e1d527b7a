"""The CAPTCHA that an owner chose: its token is good, bad, or nobody knows because the provider is away."""

from collections.abc import Callable
from dataclasses import dataclass

from forms_service.config import Settings, settings
from forms_service.errors import Fault, ValidationError
from forms_service.extensions import db
from forms_service.forms.published import PublishedForm
from forms_service.submissions.taking import proof_of_work, providers
from forms_service.submissions.taking.incoming import Incoming

UNAVAILABLE = "challenge_unavailable"
"""The reason for the spam folder when nobody could say whether the token is good."""

LONGEST_TOKEN = 8192
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


def check(form: PublishedForm, incoming: Incoming) -> str | None:
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
    token = incoming.challenge.get(field, "").strip()
    if not token:
        raise ValidationError({field: [Fault("Confirm that you are a person.", "required")]})
    try:
        good = _asked(form, provider, token, incoming.client) if provider else proof_of_work.solves(form.id, token)
    except providers.ProviderAwayError:
        return UNAVAILABLE
    if not good:
        raise ValidationError({field: [Fault("This did not confirm that you are a person. Try again.", "challenge")]})
    return None


def _asked(form: PublishedForm, provider: Provider, token: str, client: str) -> bool:
    if len(token) > LONGEST_TOKEN:
        return False
    db.session.rollback()  # gives back the connection: nobody else is to wait for the provider
    secret = form.settings.challenge_secret or ""
    return providers.verify(provider.url(settings), secret=secret, token=token, client=client)
