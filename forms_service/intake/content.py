"""What makes two submissions the same: keyed hashes over form, content and client."""

from forms_service.encryption.keyring import current_key_ring
from forms_service.forms.cache import PublishedForm
from forms_service.intake.deduplication import KeyHashes
from forms_service.submissions.parsed_submission import Incoming
from forms_service.submissions.serialization import to_json

CONTENT_CONTEXT = "submissions.content_hash"
FINGERPRINT_CONTEXT = "submissions.fingerprint"
KEY_CONTEXT = "idempotency_keys.key_hash"


def hashes_of(form: PublishedForm, incoming: Incoming, client: str) -> tuple[bytes, bytes]:
    """Of what was sent to the form, whoever sent it; and of the same from this client.

    A CAPTCHA's token is no part of it, being new each time.
    """
    files = [[upload.field, upload.name, upload.content_type, upload.digest.hex()] for upload in incoming.uploads]
    sent = [form.id, incoming.data, incoming.control, incoming.honeypots, files]
    ring = current_key_ring()
    content = ring.index(to_json(sent), CONTENT_CONTEXT)
    return content, ring.index(f"{client} {content.hex()}", FINGERPRINT_CONTEXT)


def key_hashes(client: str, key: str, content_hash: bytes) -> KeyHashes:
    """Return what is kept of an idempotency key, which may be anything."""
    ring = current_key_ring()
    return KeyHashes(
        client=ring.index(f"client {client} {key}", KEY_CONTEXT),
        content=ring.index(f"content {content_hash.hex()} {key}", KEY_CONTEXT),
        bare=ring.index(key, KEY_CONTEXT),
    )
