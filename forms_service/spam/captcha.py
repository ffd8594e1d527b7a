"""Verifies CAPTCHA tokens: good, bad, or unknown."""

import time
from collections.abc import Sequence

from forms_service.captchas import CAPTCHAS, Captcha
from forms_service.config import settings
from forms_service.errors import FieldError, ValidationError
from forms_service.extensions import db
from forms_service.forms.cache import PublishedForm
from forms_service.languages.sentences import N_
from forms_service.spam import altcha_challenges, captcha_providers
from forms_service.submissions.parsed_submission import ParsedSubmission

UNAVAILABLE = "challenge_unavailable"
"""Reason for an unverified token."""

MAX_TOKEN_LENGTH = 8192
"""hCaptcha's and reCAPTCHA's have some thousand characters."""


def check_token(form: PublishedForm, parsed: ParsedSubmission) -> str | None:
    """Verify it; return UNAVAILABLE when its provider does not answer.

    Call it last, as tokens are single-use, and outside a transaction, as it takes up to three seconds.

    :raises ValidationError: for a missing or bad token
    """
    captcha = CAPTCHAS.get(form.settings.challenge)
    if captcha is None:
        return None
    tokens = parsed.challenge.get(captcha.token_field)
    if not tokens:
        raise ValidationError({captcha.token_field: [FieldError(N_("Confirm that you are human."), "required")]})
    try:
        is_good = _verify(form, captcha, tokens, parsed.client)
    except captcha_providers.ProviderUnavailableError:
        return UNAVAILABLE
    if not is_good:
        fault = FieldError(N_("The CAPTCHA check failed. Try again."), "challenge")
        raise ValidationError({captcha.token_field: [fault]})
    return None


def _verify(form: PublishedForm, captcha: Captcha, tokens: Sequence[str], client: str) -> bool:
    if captcha.verify_url is None:
        return any(altcha_challenges.verify_solution(form.id, token) for token in tokens)
    db.session.rollback()  # releases the connection: nobody else should wait for the provider
    secret, url = form.settings.challenge_secret or "", getattr(settings, captcha.setting)
    until = time.monotonic() + captcha_providers.TIMEOUT
    return any(
        captcha_providers.verify(url, secret=secret, token=token, client=client, timeout=until - time.monotonic())
        for token in tokens
        if len(token) <= MAX_TOKEN_LENGTH
    )
