"""What came with a POST: read within bounds, made storable, and sorted by what it is for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flask import g

from forms_service.errors import PayloadTooLargeError, ValidationError
from forms_service.form_schema.field_names import UNNAMED, truncate_name
from forms_service.form_schema.field_types import nfc
from forms_service.forms import page_tokens
from forms_service.forms.cache import PublishedForm
from forms_service.submissions.parsed_submission import ParsedSubmission, Sorted, as_text, split_special_fields
from forms_service.submissions.storage_quota import Allowance
from forms_service.uploads import multipart_upload
from forms_service.uploads.uploaded_file import Upload
from forms_service.validation.base import MAX_NAME_LENGTH, NOT_AN_OBJECT
from forms_service.validation.text import normalize_unicode, storable_text
from forms_service.web.bodies import MULTIPART, media_type, public_form_body, query_fields
from forms_service.web.client import client_address
from forms_service.web.form_data import group_by_name

MAX_FIELDS = 500
"""Values of one submission, each repetition of a name counted."""


@contextmanager
def parse_request(form: PublishedForm) -> Iterator[ParsedSubmission]:
    """What came with the request, in any encoding; files are removed at the end unless kept."""
    if media_type() != MULTIPART:
        g.body = make_storable(public_form_body())
        yield parse_body(form, g.body, files=(), client=client_address(), query=query_fields())
        return
    with multipart_upload.receive_upload(form, Allowance(form)) as body:
        g.body = make_storable(group_by_name(body.texts))
        came = parse_body(form, g.body, files=body.uploads, client=client_address(), query=query_fields())
        came.keep_files = body.keep
        yield came


def parse_body(
    form: PublishedForm, body: Any, *, files: tuple[Upload, ...], client: str, query: Sequence[tuple[str, str]] = ()
) -> ParsedSubmission:
    """A body of storable values, ready to be judged; the query is kept in `control`, after what the body says.

    :raises ValidationError: for what is no set of named fields
    :raises PayloadTooLargeError: for too many of them
    """
    if not isinstance(body, dict):
        raise ValidationError({"body": [NOT_AN_OBJECT]})
    sent = form.names.gather(_name_fields(body))
    _refuse_too_many(sent)
    found = split_special_fields(sent, defined=form.names.defined, honeypot=form.settings.honeypot)
    _move_unnamed(form, found)
    if query:
        found.control = {**_query_values(query), **found.control}
    return ParsedSubmission(**vars(found), uploads=files, client=client)


def make_storable(value: Any) -> Any:
    """The value with every text in it as `storable_text` has it: in NFC they are put once their length was measured."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list):
        return [make_storable(item) for item in value]
    if not isinstance(value, dict):
        return value
    return _merge_names([(storable_text(name), make_storable(item)) for name, item in value.items()])


def _name_fields(sent: dict[str, Any]) -> dict[str, Any]:
    """The fields under names that can be kept, in NFC; one without a name is left out where it says nothing."""
    if all(name.isascii() and 0 < len(name) <= MAX_NAME_LENGTH for name in sent):
        return sent
    return _merge_names(
        [(truncate_name(normalize_unicode(name)), value) for name, value in sent.items() if name or value]
    )


def _move_unnamed(form: PublishedForm, found: Sorted) -> None:
    """A form that refuses unknown fields keeps what came without a name in `control`: nobody can mend it."""
    defined = form.names.defined
    if UNNAMED in found.data and UNNAMED not in defined and defined and form.settings.unknown_fields == "reject":
        found.control[UNNAMED] = as_text(found.data.pop(UNNAMED))


def _merge_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else group_by_name(_flatten(pairs))


def _flatten(pairs: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    for name, value in pairs:
        yield from ((name, item) for item in value) if isinstance(value, list) else ((name, value),)


def _query_values(query: Sequence[tuple[str, str]]) -> dict[str, str]:
    values = _name_fields(
        make_storable(group_by_name([pair for pair in query[:MAX_FIELDS] if pair[0] != page_tokens.SITE_PARAMETER]))
    )
    return {name: as_text(nfc(value)) for name, value in values.items()}


def _refuse_too_many(sent: Mapping[str, Any]) -> None:
    if sum(len(value) if isinstance(value, list) else 1 for value in sent.values()) > MAX_FIELDS:
        raise PayloadTooLargeError(f"Send at most {MAX_FIELDS} fields.")
