"""Forms and multipart bodies, for tests without an account."""

import io
import uuid
from dataclasses import replace
from typing import Any

from forms_service.form_schema.settings import FormSettings
from forms_service.forms.cache import PublishedForm

BOUNDARY = "----tests"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(60)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
PROGRAM = b"MZ\x90\0" + bytes(200)


def form_of(*fields: dict[str, Any], **settings: Any) -> PublishedForm:
    """A form of those fields, as visitors meet it."""
    return PublishedForm(
        id="AbCdEfGhIjKlMnOp",
        name="Contact",
        owner_id=uuid.UUID(int=1),
        owner_email="owner@example.com",
        owner_active=True,
        version=1,
        fields=fields,
        settings=replace(FormSettings(), **settings),
        schema=None,
    )


def file_part(field: str, filename: str, content: bytes, mimetype: str = "application/octet-stream") -> bytes:
    """A part of a multipart body that holds a file."""
    head = f'Content-Disposition: form-data; name="{field}"; filename="{filename}"\r\nContent-Type: {mimetype}\r\n\r\n'
    return head.encode() + content


def text_part(field: str, value: str | bytes) -> bytes:
    """A part of a multipart body that holds a text."""
    content = value.encode() if isinstance(value, str) else value
    return f'Content-Disposition: form-data; name="{field}"\r\n\r\n'.encode() + content


def multipart(*parts: bytes) -> dict[str, Any]:
    """The body, as arguments of a test client's `post`."""
    body = b"".join(b"--" + BOUNDARY.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    data = body + b"--" + BOUNDARY.encode() + b"--\r\n"
    return {"data": data, "content_type": f"multipart/form-data; boundary={BOUNDARY}"}


class BrokenStream(io.BytesIO):
    """A body whose sender goes away in the middle."""

    def read(self, size: int | None = -1) -> bytes:
        """Some of it, then an error as servers raise one."""
        piece = super().read(size)
        if not piece:
            raise ConnectionResetError("the other side is gone")
        return piece
