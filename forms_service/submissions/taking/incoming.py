"""What came with a POST: read within bounds, in NFC, and sorted by what it is for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import g, request

from forms_service.errors import Fault, PayloadTooLargeError, ValidationError
from forms_service.forms.published import PublishedForm
from forms_service.submissions.taking import uploads
from forms_service.submissions.taking.dialects import sort_out
from forms_service.submissions.taking.uploads import Upload
from forms_service.validation.kinds import nfc
from forms_service.validation.schema import LONGEST_NAME
from forms_service.web.bodies import MULTIPART, by_name, json_or_form_body
from forms_service.web.client import client_address

MOST_FIELDS = 500
"""Values of one submission, each repetition of a name counted."""


@dataclass
class Incoming:
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


@contextmanager
def received(form: PublishedForm) -> Iterator[Incoming]:
    """What came with the request, in any of the three encodings; files are removed at the end unless kept."""
    if request.mimetype != MULTIPART:
        yield sorted_incoming(form, json_or_form_body(), files=(), client=client_address())
        return
    with uploads.received(form) as body:
        g.body = by_name(body.pairs)
        _refuse_misnamed(body.file_fields)
        came = sorted_incoming(form, g.body, files=body.uploads, client=client_address())
        came.keep_files = body.keep
        yield came


def sorted_incoming(form: PublishedForm, body: Any, *, files: tuple[Upload, ...], client: str) -> Incoming:
    """A body as it was read, ready to be judged.

    :raises ValidationError: for what is no set of named fields, or a name out of bounds
    :raises PayloadTooLargeError: for too many of them
    """
    if not isinstance(body, dict):
        raise ValidationError({"body": [Fault("Send an object with named fields.", "invalid_type")]})
    sent = form.names.gather(normalised(body))
    _refuse_out_of_bounds(sent)
    found = sort_out(sent, defined=form.names.defined, honeypot=form.settings.honeypot)
    return Incoming(**vars(found), uploads=files, client=client)


def normalised(body: dict[str, Any]) -> dict[str, Any]:
    """The body with every name in NFC; names that become one are one field that came several times.

    Values stay as they were sent until their lengths were measured.
    """
    if all(map(str.isascii, body)):
        return body
    pairs = [(nfc(name), value) for name, value in body.items()]
    found = dict(pairs)
    return found if len(found) == len(pairs) else by_name(_flat(pairs))


def _flat(pairs: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    for name, value in pairs:
        yield from ((name, item) for item in value) if isinstance(value, list) else ((name, value),)


def _refuse_out_of_bounds(sent: Mapping[str, Any]) -> None:
    if sum(len(value) if isinstance(value, list) else 1 for value in sent.values()) > MOST_FIELDS:
        raise PayloadTooLargeError(f"A form has at most {MOST_FIELDS} fields.")
    _refuse_misnamed(sent)


def _refuse_misnamed(names: Iterable[str]) -> None:
    wrong = [name for name in names if not 0 < len(name) <= LONGEST_NAME]
    if wrong:
        fault = Fault(f"The name of a field has 1 to {LONGEST_NAME} characters.", "invalid_name")
        raise ValidationError({name[:LONGEST_NAME] or "body": [fault] for name in wrong})
