"""Schemas of the links in mails to people."""

from forms_service.accounts.schemas import TokenField
from forms_service.validation.base import Schema
from forms_service.validation.primitives import Identifier, OneOf

TOKEN = {
    "description": "The token of the link in the mail.",
    "examples": ["vV0mWTq5Ck8nWm9gq2Yx0m6l5r7Jt3uX1bN4cZ8aKpE"],
}


class Link(Schema):
    """The token of a link."""

    token = TokenField(required=True, metadata=TOKEN)


class Again(Schema):
    """The submission whose mail did not come."""

    submission = Identifier(
        required=True,
        metadata={
            "description": "Its `id`, from the answer to the submission.",
            "examples": ["01890a5d-ac96-774b-bcce-b302099a8057"],
        },
    )


class LinkState(Schema):
    """State of a submission."""

    status = OneOf(("confirmed", "withdrawn"), required=True)
