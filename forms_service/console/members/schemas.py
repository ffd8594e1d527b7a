"""Schemas of the forms on the pages of members."""

import marshmallow as ma

from forms_service.forms.models import MEMBER_ROLES
from forms_service.validation.base import Schema
from forms_service.validation.fields import Email
from forms_service.validation.primitives import OneOf

REMOVE = "remove"
ACCEPT, DECLINE = "accept", "decline"


class MemberAction(Schema):
    """The buttons of a member."""

    action = OneOf(("role", REMOVE), required=True)
    role = OneOf(MEMBER_ROLES, load_default=MEMBER_ROLES[0])


class Handover(Schema):
    """The form that hands a form over; not `email`, which is whom to invite."""

    new_owner = Email(required=True)


class InvitationQuery(Schema):
    """Query of the page behind the link in an invitation."""

    token = ma.fields.String(load_default="")


class InvitationAnswer(Schema):
    """The buttons of that page."""

    action = OneOf((ACCEPT, DECLINE), required=True)
