"""Which fields of a submission are not data, by the names that mean something to form backends: one table for all.

A field that a form defines is data. Of these names it can only be `subject`: the others are reserved.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from forms_service.form_schema import special_fields
from forms_service.form_schema.field_types import is_filled, nfc
from forms_service.uploads.uploaded_file import Upload
from forms_service.validation.whitespace import is_blank, trim


class Role(Enum):
    """What a special field is for."""

    REDIRECT = "where the browser goes next"
    HONEYPOT = "hidden from people: whoever fills it in may be a program"
    MAIL = "how the notification is addressed"
    CONTROL = "an order to another backend: kept, never obeyed, since a page sets no recipients"
    CHALLENGE = "the token of a CAPTCHA"
    STARTED = "when the hosted page was shown, signed"
    BACK = "where a form that was shown again leads, signed"


SUBJECTS = (*special_fields.SUBJECT, "subject")

ROLES: Mapping[str, Role] = {
    name: role
    for role, names in (
        (Role.REDIRECT, special_fields.REDIRECT),
        (Role.HONEYPOT, special_fields.HONEYPOTS),
        (Role.MAIL, (*special_fields.REPLY_TO, *SUBJECTS, *special_fields.LANGUAGE)),
        (Role.CONTROL, special_fields.CONTROL),
        (Role.CHALLENGE, special_fields.CHALLENGE_TOKENS),
        (Role.STARTED, (special_fields.STARTED,)),
        (Role.BACK, (special_fields.BACK,)),
    )
    for name in names
}
"""Every special name of every dialect."""

UNFILLED = ("off", "false", "no", "0", "null", "undefined")
"""What a page's script or an unticked box sends for a honeypot that nobody filled in, besides blanks."""

MAX_TOKENS = 3
"""Tokens of one CAPTCHA that are tried: a page with two widgets, or a script, sends more than one."""


@dataclass
class Sorted:
    """What came, by what it is for."""

    data: dict[str, Any] = field(default_factory=dict)
    control: dict[str, str] = field(default_factory=dict)
    honeypots: tuple[str, ...] = ()
    """The names of those that were filled in."""

    challenge: dict[str, tuple[str, ...]] = field(default_factory=dict)
    started: str | None = None
    back: str | None = None


def split_special_fields(
    sent: Mapping[str, Any], *, defined: Collection[str] = (), honeypot: str | None = None
) -> Sorted:
    """The values by what they are for; `defined` are the form's own fields, `honeypot` is the form's own trap."""
    found = Sorted()
    for name, value in sent.items():
        role = None if name in defined else ROLES.get(name)
        if name == honeypot:
            role = Role.HONEYPOT
        if role is None:
            found.data[name] = value
        elif role is Role.HONEYPOT:
            if not _is_unfilled(value):
                found.honeypots += (name,)
        elif role is Role.CHALLENGE:
            found.challenge[name] = _captcha_tokens(value)
        elif role is Role.STARTED:
            found.started = as_text(value)
        elif role is Role.BACK:
            found.back = as_text(value)
        elif role is Role.REDIRECT:
            found.control[name] = next((trim(nfc(as_text(item))) for item in _as_list(value) if is_filled(item)), "")
        else:
            found.control[name] = nfc(as_text(value))
    return found


def first_of(control: Mapping[str, str], names: Collection[str]) -> str | None:
    """The first of these special fields that says anything."""
    return next((control[name] for name in names if is_filled(control.get(name))), None)


def as_text(value: Any) -> str:
    """One text, also where a field came several times or in JSON; empty ones of several do not count."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in filter(is_filled, value)):
        return ", ".join(filter(is_filled, value))
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _captcha_tokens(value: Any) -> tuple[str, ...]:
    tokens = (trim(as_text(item)) for item in _as_list(value) if is_filled(item))
    return tuple(dict.fromkeys(filter(None, tokens)))[:MAX_TOKENS]


def _is_unfilled(value: Any) -> bool:
    if isinstance(value, list | dict):  # it came several times, or in JSON
        return all(map(_is_unfilled, value if isinstance(value, list) else value.values()))
    if isinstance(value, str):
        return is_blank(value) or trim(value).lower() in UNFILLED
    return not value


@dataclass
class ParsedSubmission:
    """What came, sorted; the special fields are taken out of `data`."""

    data: dict[str, Any]
    control: dict[str, str]
    honeypots: tuple[str, ...]
    """The names of those that were filled in."""

    challenge: dict[str, tuple[str, ...]]
    """What may be the CAPTCHA's token, by the name of its field."""

    started: str | None
    """When the hosted page was shown, signed."""

    uploads: tuple[Upload, ...] = field(default=())
    client: str = ""
    """The address it came from."""

    back: str | None = None
    """Where the form leads that was shown again, signed."""

    keep_files: Callable[[], None] = field(default=lambda: None)
    """To be called once there are rows for them."""
