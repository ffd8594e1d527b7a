"""Links of invitations: signed, bound to the member and the address, valid for as long as the invitation exists."""

import hmac
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode

from forms_service.config import settings
from forms_service.encryption.keyring import current_key_ring
from forms_service.forms.models import Member

CONTEXT = "members.invitation"
PATH = "/console/invitation"
MAC_BYTES = 16
MAX_LENGTH = 43
"""Of a token."""


def make_url(member: Member) -> str:
    """Return the URL in the mail."""
    return f"{settings.public_url}{PATH}?token={make_token(member)}"


def make_token(member: Member) -> str:
    """Return what proves that somebody reads the mail to the address."""
    return urlsafe_b64encode(_mac(member) + member.id.bytes).decode().rstrip("=")


def read_id(token: str) -> uuid.UUID | None:
    """Return the id that a token names; `is_valid` checks it."""
    try:
        raw = urlsafe_b64decode(token[:MAX_LENGTH].encode("ascii") + b"=" * (-len(token) % 4))
        return uuid.UUID(bytes=raw[MAC_BYTES:])
    except ValueError:
        return None


def is_valid(token: str, member: Member) -> bool:
    """Whether the token was sent to the member's address."""
    return token.isascii() and hmac.compare_digest(token, make_token(member))


def _mac(member: Member) -> bytes:
    # with the index key, which outlives SECRET_KEY and ENCRYPTION_KEYS
    return current_key_ring().index(f"{member.id.hex}{member.email_index.hex()}", CONTEXT)[:MAC_BYTES]
