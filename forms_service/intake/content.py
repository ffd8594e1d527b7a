"""What makes two submissions the same: keyed hashes over form, content and client."""

from forms_service.encryption.keyring import holder
from forms_service.forms.cache import PublishedForm
from forms_service.intake.deduplication import KeyHashes
from forms_service.submissions.parsed_submission import Incoming
from forms_service.submissions.serialization import to_json

CONTENT_PLACE = "submissions.content_hash"
FINGERPRINT_PLACE = "submissions.fingerprint"
KEY_PLACE = "idempotency_keys.key_hash"


def hashes_of(form: PublishedForm, incoming: Incoming, client: str) -> tuple[bytes, bytes]:
    """Of what was sent to the form, whoever sent it; and of the same from this client.

    A CAPTCHA's token is no part of it, being new each time.
    """
    files = [[upload.field, upload.name, upload.content_type, upload.digest.hex()] for upload in incoming.uploads]
    sent = [form.id, incoming.data, incoming.control, incoming.honeypots, files]
    ring = holder().ring()
    content = ring.index(to_json(sent), CONTENT_PLACE)
    return content, ring.index(f"{client} {content.hex()}", FINGERPRINT_PLACE)


def key_hashes(client: str, key: str, content_hash: bytes) -> KeyHashes:
    """Return what is kept of an idempotency key, which may be anything."""
    ring = holder().ring()
    return KeyHashes(
        client=ring.index(f"client {client} {key}", KEY_PLACE),
        content=ring.index(f"content {content_hash.hex()} {key}", KEY_PLACE),
        bare=ring.index(key, KEY_PLACE),
    )
