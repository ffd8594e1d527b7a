"""Forms as documents that another instance imports: name, fields and settings, without secrets."""

from typing import Any

from forms_service.encryption.associated_data import Unreadable
from forms_service.errors import BadRequestError, ConflictError, NotFoundError
from forms_service.extensions import db
from forms_service.forms import copies
from forms_service.forms.models import Form, FormVersion

FORMAT = "forms_service form 1"
NOT_OURS = 'This is not a form exported by flask forms export: its "format" is not "{format}".'


def export_form(form_id: str) -> dict[str, Any]:
    """Return the document of a form's newest version.

    :raises NotFoundError: if there is no such form
    :raises ConflictError: if it cannot be decrypted
    """
    form = db.session.get(Form, form_id)
    if form is None or form.deleted_at is not None:
        raise NotFoundError(f"There is no form {form_id}. See: flask forms list")
    if isinstance(form.settings, Unreadable) or isinstance(form.name, Unreadable):
        raise ConflictError(copies.UNREADABLE)
    fields = db.session.get_one(FormVersion, (form.id, form.version)).fields
    settings = copies.without_secrets(form.parsed_settings())
    return {"format": FORMAT, "name": form.name, "fields": fields, "settings": settings}


def read_document(document: Any) -> dict[str, Any]:
    """Return the body of a new form, still to be validated.

    :raises BadRequestError: if it is no such document
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadRequestError(NOT_OURS.format(format=FORMAT))
    return {name: value for name, value in document.items() if name != "format"}
