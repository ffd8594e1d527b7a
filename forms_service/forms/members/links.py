"""Links of invitations: signed, bound to the member and the address, valid for as long as the invitation exists."""

import hmac
import uuid

from forms_service.config import settings
from forms_service.encryption import link_tokens
from forms_service.forms.models import Member

CONTEXT = "members.invitation"
PATH = "/console/invitation"
ID_BYTES = 16
MAX_LENGTH = 43
"""Of a token."""


def make_url(member: Member) -> str:
    """Return the URL in the mail."""
    return f"{settings.public_url}{PATH}?token={make_token(member)}"


def make_token(member: Member) -> str:
    """Return what proves that somebody reads the mail to the address."""
    text = f"{member.id.hex}{member.email_index.hex()}"
    return link_tokens.encode(link_tokens.make_mac(text, CONTEXT), member.id.bytes)


def read_id(token: str) -> uuid.UUID | None:
    """Return the id that a token names; `is_valid` checks it."""
    _, body = link_tokens.decode(token, MAX_LENGTH)
    return uuid.UUID(bytes=body) if len(body) == ID_BYTES else None


def is_valid(token: str, member: Member) -> bool:
    """Whether the token was sent to the member's address."""
    return token.isascii() and hmac.compare_digest(token, make_token(member))
