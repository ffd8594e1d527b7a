"""Schemas of the inbox."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.inbox.filters import Filters, QueryBoolean
from forms_service.submissions.email_addresses import find_addresses
from forms_service.submissions.models import STATUSES
from forms_service.validation.base import Messages, Schema
from forms_service.validation.fields import Email
from forms_service.validation.primitives import BoundedList, Identifier, OneOf, SingleLine, StrictBoolean
from forms_service.validation.references import DESCRIPTION as REFERENCE
from forms_service.virus_scanner.clamd import CLEAN, INFECTED, NOT_SCANNED
from forms_service.web.api_blueprint import ListMeta
from forms_service.web.downloads import BYTES
from forms_service.web.pagination import MAX_LIMIT, PageQuery, QueryInteger

MAX_IDS = 500
MAX_QUERY_LENGTH = 200

SCANS = (CLEAN, INFECTED, NOT_SCANNED)

MOVABLE_STATUSES = ("inbox", "archived", "spam")
"""Only confirmation leaves `unconfirmed`."""


class ListQuery(Filters, PageQuery):
    """Query of a list of submissions."""


class Search(Filters):
    """Keeps personal data out of the URL."""

    q = SingleLine(
        MAX_QUERY_LENGTH,
        required=True,
        metadata={
            "description": "Text that a value must contain, ignoring case and compatibility variants; or a reference, "
            "which finds its submission whatever its status."
        },
    )
    limit = QueryInteger(1, MAX_LIMIT)
    cursor = ma.fields.String()


class Export(Filters):
    format = OneOf(
        ("csv", "jsonl", "xlsx"),
        load_default="csv",
        metadata={
            "description": "`csv` and `xlsx` for spreadsheets; `jsonl` for programs, without any change to the values."
        },
    )


def _attachment(*types: str) -> dict[str, Any]:
    # BYTES is the type that generated clients ask for
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {"200": {"description": "The file, as an attachment.", "content": dict.fromkeys((BYTES, *types), binary)}}


LEFT_OUT = "X-Submissions-Left-Out"
LINES = _attachment("application/x-ndjson")
EXPORTS = _attachment(
    "text/csv", "application/x-ndjson", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)
EXPORTS["200"]["headers"] = {
    LEFT_OUT: {
        "description": "Number of submissions left out because of their status alone, such as `archived=3, spam=1`.",
        "schema": {"type": "string"},
    }
}


class Change(Schema):
    read = StrictBoolean()
    status = OneOf(MOVABLE_STATUSES)


class OnlyTrue(StrictBoolean):
    default_error_messages: Messages = {"invalid": "Must be true, or left out."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not super()._deserialize(value, attr, data, **kwargs):
            raise self.make_error("invalid")
        return True


class Bulk(Change):
    ids = BoundedList(
        Identifier(), MAX_IDS, 1, required=True, metadata={"description": "Ids of submissions of this form."}
    )
    delete = OnlyTrue(metadata={"enum": [True], "description": "Delete them; cannot be combined with other changes."})

    @ma.validates_schema
    def _one_or_the_other(self, values: Mapping[str, Any], **_: Any) -> None:
        if "delete" in values and values.keys() & {"read", "status"}:
            raise ma.ValidationError([FieldError("Cannot be combined with other changes.", "conflict")], "delete")


class FileQuery(Schema):
    infected = QueryBoolean(
        load_default=False, metadata={"description": "Download the file although the virus scanner found something."}
    )


class FileShown(Schema):
    """Its content is at `/api/submissions/{id}/files/{number}`."""

    number = ma.fields.Integer(required=True)
    field = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    content_type = ma.fields.String(required=True)
    size = ma.fields.Integer(required=True, metadata={"description": "Bytes."})
    scan = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"enum": [*SCANS, None], "description": "Of the virus scanner; null for files received without one."},
    )
    threat = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "Name of the virus in an `infected` file."}
    )


class OptInShown(Schema):
    """Proof of a double opt-in."""

    asked_at = ma.fields.String(required=True, metadata={"format": "date-time"})
    confirmed_at = ma.fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    subject = ma.fields.String(required=True)
    text = ma.fields.String(required=True, metadata={"description": "As sent, without the token of its link."})
    link = ma.fields.String(required=True, metadata={"description": "URL of the page, without the token."})
    client = ma.fields.String(
        metadata={"description": "IP address that confirmed, as far as `store_ip` keeps it; omitted if none is kept."}
    )
    unreadable = ma.fields.Boolean(metadata={"const": True})


class SubmissionShown(Schema):
    id = ma.fields.String(required=True, metadata={"format": "uuid"})
    reference = ma.fields.String(required=True, metadata=REFERENCE)
    form_id = ma.fields.String(required=True)
    form_version = ma.fields.Integer(
        required=True, metadata={"description": "Version of the form's fields that it was sent to."}
    )
    created_at = ma.fields.String(required=True, metadata={"format": "date-time"})
    status = ma.fields.String(required=True, metadata={"enum": list(STATUSES)})
    read = ma.fields.Boolean(required=True)
    data = ma.fields.Dict(required=True, metadata={"description": "Name → value, in the order of the request."})
    files = ma.fields.List(ma.fields.Nested(FileShown), required=True)
    spam_reasons = ma.fields.List(
        ma.fields.String(),
        required=True,
        metadata={"description": "Codes; empty once an owner has moved it from spam to the inbox."},
    )
    control = ma.fields.Dict(required=True, metadata={"description": "Special fields sent with it."})
    client = ma.fields.String(
        metadata={"description": "Client IP address, as far as `store_ip` keeps it; omitted if none is kept."}
    )
    opt_in = ma.fields.Nested(
        OptInShown, metadata={"description": "Proof of a double opt-in; omitted where the form asked for none."}
    )
    unreadable = ma.fields.Boolean(
        metadata={
            "const": True,
            "description": "Part of it cannot be decrypted and is shown empty.",
        }
    )


class SubmissionsListMeta(ListMeta):
    left_out = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Integer(),
        required=True,
        allow_none=True,
        metadata={
            "description": "Status → number of submissions left out because of their status alone, if any, counted up "
            "to 10,000; null after the first page."
        },
    )


class SubmissionChanged(SubmissionShown):
    """Omits its content without `submissions:read`."""

    data = ma.fields.Dict()
    files = ma.fields.List(ma.fields.Nested(FileShown))
    spam_reasons = ma.fields.List(ma.fields.String())
    control = ma.fields.Dict()


class BulkDone(Schema):
    done = ma.fields.List(ma.fields.String(), required=True)
    missing = ma.fields.List(
        ma.fields.String(), required=True, metadata={"description": "Ids that match no submission of the form."}
    )


class Erasure(Schema):
    form_id = ma.fields.String(required=True)
    deleted_at = ma.fields.AwareDateTime(required=True)
    submissions_left = ma.fields.Integer(required=True)


class Mailbox(Email):
    """`Ann <ann@example.com>`, or the address alone."""

    def _cleaned(self, value: str) -> str:
        addresses = list(islice(find_addresses(value), 2))
        return super()._cleaned(addresses[0] if len(addresses) == 1 else value)


class Person(Schema):
    email = Mailbox(required=True, metadata={"examples": ["ann@example.com"]})


class PersonErased(Schema):
    erased = ma.fields.Integer(required=True, metadata={"description": "Submissions."})
