"""Schemas of members, of handing a form over, and of a form's audit trail."""

import marshmallow as ma

from forms_service.forms.models import MEMBER_ROLES, MEMBER_STATUSES
from forms_service.validation.base import Schema
from forms_service.validation.fields import Email
from forms_service.validation.primitives import OneOf
from forms_service.web.api_blueprint import ListMeta

ROLE = (
    "`viewer` reads submissions. `editor` also marks, moves, deletes and exports them. `manager` also changes the "
    "form, its recipients, webhooks and members."
)


class MemberChanges(Schema):
    """The role of a member."""

    role = OneOf(MEMBER_ROLES, required=True, metadata={"description": ROLE})


class NewMember(MemberChanges):
    """Somebody to invite."""

    email = Email(required=True, metadata={"examples": ["carol@example.com"]})


class NewOwner(Schema):
    """The member to hand a form over to."""

    email = Email(required=True, metadata={"description": "Of an active member whose account may have forms."})


class Member(Schema):
    """A colleague on a form."""

    id = ma.fields.UUID(required=True)
    form_id = ma.fields.String(required=True)
    email = Email(required=True)
    name = ma.fields.String(required=True, allow_none=True, metadata={"description": "Null while `pending`."})
    role = OneOf(MEMBER_ROLES, required=True, metadata={"description": ROLE})
    status = OneOf(
        MEMBER_STATUSES,
        required=True,
        metadata={"description": "`pending` until somebody signs in with that confirmed address."},
    )
    is_you = ma.fields.Boolean(required=True)
    is_suppressed = ma.fields.Boolean(
        required=True,
        metadata={"description": "The address is on the suppression list: the invitation was not mailed."},
    )
    created_at = ma.fields.AwareDateTime(required=True)
    accepted_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    unreadable = ma.fields.Boolean(
        metadata={"const": True, "description": "The address cannot be decrypted and is shown empty."}
    )


class Owner(Schema):
    """The account that the form belongs to."""

    email = Email(required=True)
    name = ma.fields.String(required=True)
    is_you = ma.fields.Boolean(required=True)


class MembersMeta(ListMeta):
    """With the owner, who is no member."""

    owner = ma.fields.Nested(Owner, required=True)


class FormEvent(Schema):
    """An act on a form."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    at = ma.fields.AwareDateTime(required=True)
    account_id = ma.fields.UUID(required=True, allow_none=True, metadata={"description": "Of who did it."})
    email = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Null for an operator, and once the account is erased."},
    )
    details = ma.fields.Dict(required=True)
