"""What makes two submissions the same: keyed hashes over form, content and client."""

import json
from dataclasses import dataclass

from forms_service.forms.published import PublishedForm
from forms_service.keyring import holder
from forms_service.submissions.taking.incoming import Incoming

CONTENT_PLACE = "submissions.content_hash"
FINGERPRINT_PLACE = "submissions.fingerprint"


@dataclass(frozen=True)
class Hashes:
    """Of what was sent to a form, whoever sent it; and of what this client sent."""

    content: bytes
    fingerprint: bytes


def hashes_of(form: PublishedForm, incoming: Incoming, client: str) -> Hashes:
    """The hashes of a submission as it came; a CAPTCHA's token is no part of it, being new each time."""
    files = [[upload.field, upload.name, upload.content_type, upload.digest.hex()] for upload in incoming.uploads]
    sent = [form.id, incoming.data, incoming.control, incoming.honeypots, files]
    ring = holder().ring()
    content = ring.index(json.dumps(sent, ensure_ascii=False), CONTENT_PLACE)
    return Hashes(content, ring.index(f"{client} {content.hex()}", FINGERPRINT_PLACE))
