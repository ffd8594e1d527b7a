"""Parses a submission within bounds, and splits off special fields."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import g, request

from forms_service.errors import PayloadTooLargeError, ValidationError
from forms_service.form_schema.compiler import MAX_FIELDS
from forms_service.form_schema.field_names import UNNAMED, truncate_name
from forms_service.form_schema.field_types import is_filled, nfc
from forms_service.form_schema.special_fields import ROLES, Role
from forms_service.forms import page_tokens
from forms_service.forms.cache import PublishedForm
from forms_service.languages.sentences import N_, Sentence
from forms_service.submissions.parsed_submission import ParsedSubmission, as_text
from forms_service.submissions.storage_quota import Allowance
from forms_service.uploads import multipart_upload
from forms_service.validation.base import MAX_NAME_LENGTH, NOT_AN_OBJECT
from forms_service.validation.text import normalize_unicode
from forms_service.validation.whitespace import is_blank, trim
from forms_service.web.bodies import MULTIPART, media_type, public_form_body, query_fields
from forms_service.web.form_data import group_by_name, make_storable, merge_names
from forms_service.web.languages import current_language
from forms_service.webhooks.transport import PRODUCT

UNFILLED = ("off", "false", "no", "0", "null", "undefined")
"""Values of an empty honeypot, by scripts and unticked boxes."""

MAX_TOKENS = 3
"""Two widgets, or a script, send several."""


@contextmanager
def parse_request(form: PublishedForm, client: str) -> Iterator[ParsedSubmission]:
    """Parse any encoding; uploads are deleted on exit unless kept."""
    if media_type() != MULTIPART:
        yield parse_body(form, public_form_body(), client)
        return
    with multipart_upload.receive_upload(form, Allowance(form)) as upload:
        g.body = make_storable(group_by_name(upload.texts))  # for the page that shows the values again
        parsed = parse_body(form, g.body, client)
        parsed.uploads, parsed.publish_files, parsed.keep_files = upload.uploads, upload.publish, upload.keep
        yield parsed


def parse_body(form: PublishedForm, body: Any, client: str) -> ParsedSubmission:
    """Parse a storable body; query parameters go to `control`, where the body's win.

    :raises PayloadTooLargeError: above MAX_FIELDS values, counting repeated names
    """
    if not isinstance(body, dict):
        raise ValidationError({"body": [NOT_AN_OBJECT]})
    defined = form.names.defined
    sent: Mapping[str, Any] = body
    if not sent.keys() <= defined:
        sent = form.names.gather(_keep_named(body))
    if sum(len(value) if isinstance(value, list) else 1 for value in sent.values()) > MAX_FIELDS:
        raise PayloadTooLargeError(Sentence(N_("Send at most {limit} fields."), limit=MAX_FIELDS))
    parsed = split_special_fields(sent, defined=defined, honeypot=form.settings.honeypot)
    parsed.client = client
    parsed.by_webhook = request.environ.get("HTTP_USER_AGENT", "").startswith(PRODUCT)
    if UNNAMED in parsed.data and UNNAMED not in defined and defined and form.settings.unknown_fields == "reject":
        parsed.control[UNNAMED] = as_text(parsed.data.pop(UNNAMED))  # the visitor could not correct it
    if request.query_string:
        parsed.control = {**_query_control(), **parsed.control}
    parsed.language = current_language()
    return parsed


def split_special_fields(
    sent: Mapping[str, Any], *, defined: Collection[str] = (), honeypot: str | None = None
) -> ParsedSubmission:
    """Split by role; the form's own (`defined`) fields stay data."""
    parsed = ParsedSubmission()
    for name, value in sent.items():
        role = None if name in defined else ROLES.get(name)
        if name == honeypot:
            role = Role.HONEYPOT
        if role is None:
            parsed.data[name] = value
        elif role is Role.HONEYPOT:
            if not _is_unfilled(value):
                parsed.honeypots += (name,)
        elif role is Role.CHALLENGE:
            parsed.challenge[name] = _captcha_tokens(value)
        elif role is Role.STARTED:
            parsed.started = as_text(value)
        elif role is Role.BACK:
            parsed.back = as_text(value)
        elif role is Role.REDIRECT:
            parsed.control[name] = next((trim(nfc(as_text(item))) for item in _as_list(value) if is_filled(item)), "")
        else:
            parsed.control[name] = nfc(as_text(value))
    return parsed


def _keep_named(body: dict[str, Any]) -> dict[str, Any]:
    if all(name.isascii() and 0 < len(name) <= MAX_NAME_LENGTH for name in body):
        return body
    named = [(truncate_name(normalize_unicode(name)), value) for name, value in body.items() if name or value]
    return merge_names(named)


def _query_control() -> dict[str, str]:
    query = [pair for pair in query_fields()[:MAX_FIELDS] if pair[0] != page_tokens.SITE_PARAMETER]
    return {name: as_text(nfc(value)) for name, value in _keep_named(make_storable(group_by_name(query))).items()}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _captcha_tokens(value: Any) -> tuple[str, ...]:
    tokens = (trim(as_text(item)) for item in _as_list(value) if is_filled(item))
    return tuple(dict.fromkeys(filter(None, tokens)))[:MAX_TOKENS]


def _is_unfilled(value: Any) -> bool:
    if isinstance(value, list | dict):
        return all(map(_is_unfilled, value if isinstance(value, list) else value.values()))
    if isinstance(value, str):
        return is_blank(value) or trim(value).lower() in UNFILLED
    return not value
