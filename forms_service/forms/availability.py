"""Why a form accepts nothing now: closed, full, or not open yet."""

import time
from dataclasses import dataclass
from datetime import datetime

from forms_service.errors import AuthorizationError
from forms_service.forms import page_tokens
from forms_service.forms.cache import PublishedForm
from forms_service.languages.formats import Formatted
from forms_service.languages.sentences import N_, Sentence

FORM_CLOSED = N_("This form is closed and no longer accepts submissions.")
FORM_FULL = N_("This form accepts no more submissions.")
NOT_OPEN_YET = N_("This form is not open yet.")
INACTIVE = "INACTIVE"
"""Formspree's code."""

GRACE = 600
"""Seconds: a page that was opened before the form closed may be sent so much later."""


@dataclass(frozen=True)
class Closure:
    """The words for it; the owner's own go before ours."""

    reason: str
    own_text: str | None
    opens_at: datetime | None = None

    @property
    def message(self) -> Sentence:
        text = self.own_text or Sentence(self.reason)
        if self.opens_at is None:
            return Sentence("{text}", text=text)
        opening = Sentence(N_("It opens on {time}."), time=Formatted(self.opens_at))
        return Sentence("{text}\n{opening}" if self.own_text else "{text} {opening}", text=text, opening=opening)

    def error(self) -> AuthorizationError:
        opening = {"opens_at": self.opens_at.isoformat().replace("+00:00", "Z")} if self.opens_at else {}
        return AuthorizationError(self.message, details={"reason": INACTIVE, **opening})


def find_closure(form: PublishedForm) -> Closure:
    """Describe why a form that is not open is not."""
    opens_at = form.settings.opens_at
    is_early = form.is_active and opens_at is not None and time.time() < form.opens_at
    return Closure(NOT_OPEN_YET if is_early else FORM_CLOSED, form.settings.closed_text, opens_at if is_early else None)


def full(form: PublishedForm) -> Closure:
    return Closure(FORM_FULL, form.settings.closed_text)


def is_within_grace(form: PublishedForm, started: object) -> bool:
    """Whether the signed time of a page says that it was opened before the form closed, not long ago."""
    now = time.time()
    if not form.is_active or not isinstance(started, str) or not form.closes_at <= now < form.closes_at + GRACE:
        return False
    age = page_tokens.start_age(started)
    return age is not None and form.opens_at <= now - age < form.closes_at
