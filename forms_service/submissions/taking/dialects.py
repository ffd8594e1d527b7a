"""The names that mean something to form backends: which fields of a submission are not data.

One table for all of them. A form that defines a field of such a name wants it as data: the definition wins.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Role(Enum):
    """What a special field is for."""

    REDIRECT = "where the browser goes next"
    HONEYPOT = "hidden from people: whoever fills it in may be a program"
    MAIL = "how the notification is addressed"
    CONTROL = "an order to another backend: kept, never obeyed, since a page sets no recipients"
    CHALLENGE = "the token of a CAPTCHA"
    STARTED = "when the hosted page was shown, signed"


REDIRECTS = ("_next", "redirect", "redirectTo")
HONEYPOTS = ("_gotcha", "_honey", "botcheck", "honeypot", "bot-field")
REPLY_TO = ("_replyto", "replyto", "replyTo")
SUBJECTS = ("_subject", "subject")
LANGUAGES = ("_language",)
CONTROLS = (
    *("_cc", "ccemail", "_webhook", "access_key", "accessKey", "apiKey", "form-name", "from_name"),
    *("_captcha", "_template", "_autoresponse", "_blacklist", "_format", "_url"),
)
CHALLENGES = ("altcha", "cf-turnstile-response", "h-captcha-response", "g-recaptcha-response")
STARTED = "_started"

ROLES: Mapping[str, Role] = {
    name: role
    for role, names in (
        (Role.REDIRECT, REDIRECTS),
        (Role.HONEYPOT, HONEYPOTS),
        (Role.MAIL, REPLY_TO + SUBJECTS + LANGUAGES),
        (Role.CONTROL, CONTROLS),
        (Role.CHALLENGE, CHALLENGES),
        (Role.STARTED, (STARTED,)),
    )
    for name in names
}
"""Every special name of every dialect."""

UNFILLED = ("", None, False)


@dataclass
class Sorted:
    """What came, by what it is for."""

    data: dict[str, Any] = field(default_factory=dict)
    control: dict[str, str] = field(default_factory=dict)
    honeypots: tuple[str, ...] = ()
    """The names of those that were filled in."""

    challenge: dict[str, str] = field(default_factory=dict)
    started: str | None = None


def sort_out(sent: Mapping[str, Any], *, defined: Collection[str] = (), honeypot: str | None = None) -> Sorted:
    """The values by what they are for; `defined` are the form's own fields, `honeypot` is the form's own trap."""
    found = Sorted()
    for name, value in sent.items():
        role = None if name in defined else ROLES.get(name)
        if name == honeypot:
            role = Role.HONEYPOT
        if role is None:
            found.data[name] = value
        elif role is Role.HONEYPOT:
            if value not in UNFILLED:
                found.honeypots += (name,)
        elif role is Role.CHALLENGE:
            found.challenge[name] = as_text(value)
        elif role is Role.STARTED:
            found.started = as_text(value)
        else:
            found.control[name] = as_text(value)
    return found


def first_of(control: Mapping[str, str], names: Collection[str]) -> str | None:
    """The first of these special fields that says anything."""
    return next((control[name] for name in names if control.get(name)), None)


def as_text(value: Any) -> str:
    """One text, also where a field came several times or in JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
