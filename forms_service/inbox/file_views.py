"""Files that browsers show inside a page: by their first bytes, from a short list."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from forms_service.accounts.guards import Caller
from forms_service.errors import NotFoundError
from forms_service.inbox.service import Attachment, open_attachment

PDF = "application/pdf"
STARTS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    PDF: (b"%PDF-",),
}
WEBP = "image/webp"
SHOWN_TYPES = (*STARTS, WEBP)
"""Nothing that a browser runs: no SVG, no HTML, no XML."""

MIN_HEAD = 12


def may_be_shown(content_type: str) -> bool:
    """Whether a file of this stored type is worth a try."""
    return content_type in SHOWN_TYPES


def open_view(submission_id: uuid.UUID, number: int, caller: Caller) -> Attachment:
    """Open a file to show it.

    :raises NotFoundError: also for content that is not on the list, whatever its name and stored type say
    """
    attachment = open_attachment(submission_id, number, caller)
    try:
        head, chunks = _peek(attachment.chunks)
    except ValueError as error:
        raise NotFoundError("This file is damaged and cannot be shown.") from error
    content_type = _detect(head)
    if content_type is None:
        raise NotFoundError("This file cannot be shown here. Download it instead.")
    return replace(attachment, content_type=content_type, chunks=chunks)


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= MIN_HEAD:
            break
    return head, chain([head], chunks)


def _detect(head: bytes) -> str | None:
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    return next((content_type for content_type, starts in STARTS.items() if head.startswith(starts)), None)
