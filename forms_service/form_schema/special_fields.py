"""Reserved field names, including those of other form services."""

from collections.abc import Mapping
from enum import Enum

from forms_service.captchas import CAPTCHAS

REDIRECT = ("_next", "redirect", "redirectTo")
HONEYPOTS = ("_gotcha", "_honey", "botcheck", "honeypot", "bot-field")
REPLY_TO = ("_replyto", "replyto", "replyTo")
SUBJECT = ("_subject",)
"""Also `subject`, unless the form has such a field."""

LANGUAGE = ("_language",)
CHARSET = ("_charset_",)
"""HTML's own: the form's encoding."""

CONTROL = (
    "_cc",
    "ccemail",
    "_webhook",
    "access_key",
    "accessKey",
    "apiKey",
    "form-name",
    "from_name",
    "_captcha",
    "_template",
    "_autoresponse",
    "_blacklist",
    "_format",
    "_url",
)
WORDS = (*REPLY_TO, *SUBJECT, "subject", "from_name", "_cc", "ccemail")
"""Written by people, so shown with the data."""

CHALLENGE_TOKENS = tuple(captcha.token_field for captcha in CAPTCHAS.values())
STARTED = "_started"
"""Signed time of showing the page."""

BACK = "_back"
"""Signed redirect target of a re-displayed form."""

RESERVED = frozenset(
    (*REDIRECT, *HONEYPOTS, *REPLY_TO, *SUBJECT, *LANGUAGE, *CHARSET, *CONTROL, *CHALLENGE_TOKENS, STARTED, BACK)
)
"""Never reach the data, so no field may have them."""

SUBJECTS = (*SUBJECT, "subject")


class Role(Enum):
    """The purpose of a special field."""

    REDIRECT = "where the browser goes next"
    HONEYPOT = "hidden from people: whoever fills it in may be a program"
    MAIL = "how the notification is addressed"
    CONTROL = "an order to another form service: stored, never obeyed, since a page sets no recipients"
    CHALLENGE = "the token of a CAPTCHA"
    STARTED = "when the hosted page was shown, signed"
    BACK = "where a form that was shown again leads, signed"


ROLES: Mapping[str, Role] = {
    name: role
    for role, names in (
        (Role.REDIRECT, REDIRECT),
        (Role.HONEYPOT, HONEYPOTS),
        (Role.MAIL, (*REPLY_TO, *SUBJECTS, *LANGUAGE)),
        (Role.CONTROL, CONTROL),
        (Role.CHALLENGE, CHALLENGE_TOKENS),
        (Role.STARTED, (STARTED,)),
        (Role.BACK, (BACK,)),
    )
    for name in names
}
"""Fields that the form defines are data, of these names only `subject`."""
