"""Where a form that is shown again leads at last, in a hidden field of the page that nobody can make up.

A visitor who corrects something sends it from our page: of the site that they came from, only this is left.
"""

import time

from forms_service.config import settings
from forms_service.security.signing import create_hmac_signature, derived_key, verify_hmac_signature

PURPOSE = "forms_service way back"
GOOD_FOR = 86_400
"""Seconds in which a form is corrected."""


def issue(form_id: str, url: str) -> str:
    """A token that says where that form leads: to an address it may lead to, or with none to its thank-you page."""
    said = f"{time.time():.0f} {url}"
    return f"{create_hmac_signature(f'{form_id} {said}', _key())} {said}"


def url_in(token: str, form_id: str) -> str | None:
    """The address; None for a token that is not ours, is another form's, or is too old."""
    signature, _, said = token.partition(" ")
    if not verify_hmac_signature(f"{form_id} {said}", signature, _key()):
        return None
    moment, _, url = said.partition(" ")
    return url if time.time() - float(moment) < GOOD_FOR else None


def _key() -> str:
    """A key for this alone, so that a token of another kind is none of this one."""
    return derived_key(settings.secret_key, PURPOSE).hex()
