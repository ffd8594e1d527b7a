"""Links in mails to recipients: signed, bound to recipient and address, valid for as long as both exist."""

import hmac
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from forms_service.config import settings
from forms_service.encryption import link_tokens
from forms_service.encryption.link_tokens import MAC_BYTES
from forms_service.errors import FieldError, ValidationError
from forms_service.languages.sentences import N_

CONFIRM, UNSUBSCRIBE = "confirm", "unsubscribe"
"""Purposes, and the last part of the path."""

TAG_BYTES = 8
ID_BYTES = 16
MAX_RECIPIENTS = 20
"""Of one link: a digest covers several forms."""

MAX_LENGTH = 4 * (MAC_BYTES + TAG_BYTES + ID_BYTES * MAX_RECIPIENTS) // 3 + 1


class Link(NamedTuple):
    """The contents of a valid token."""

    recipient_ids: Sequence[uuid.UUID]
    address_tag: bytes
    """First bytes of the address's blind index: an owner's address may have changed since."""


def make_url(purpose: str, index: bytes, *recipient_ids: uuid.UUID) -> str:
    """Return the URL for recipients of one address."""
    body = index[:TAG_BYTES] + b"".join(identity.bytes for identity in recipient_ids[:MAX_RECIPIENTS])
    token = link_tokens.encode(_mac(purpose, body), body)
    return f"{settings.public_url.rstrip('/')}/recipients/{purpose}?token={token}"


def read_token(purpose: str, token: str) -> Link:
    """Return what a token names, without a query.

    :raises ValidationError: if it was not issued here for this purpose
    """
    mac, body = link_tokens.decode(token, MAX_LENGTH)
    if not hmac.compare_digest(mac, _mac(purpose, body)):
        sentence = N_("This link is invalid. Open it again from the mail, or copy all of it.")
        raise ValidationError({"token": [FieldError(sentence, "invalid_token")]})
    ids = body[TAG_BYTES:]
    pieces = [ids[start : start + ID_BYTES] for start in range(0, len(ids), ID_BYTES)]
    return Link([uuid.UUID(bytes=piece) for piece in pieces], body[:TAG_BYTES])


def has_tag(index: bytes, link: Link) -> bool:
    """Whether the link was sent to the address with this blind index."""
    return index[:TAG_BYTES] == link.address_tag


def _mac(purpose: str, body: bytes) -> bytes:
    return link_tokens.make_mac(body.hex(), f"recipients.{purpose}")
