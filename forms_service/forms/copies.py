"""Copies of forms."""

from collections.abc import Mapping
from typing import Any

from forms_service.accounts.guards import Caller, check_owner
from forms_service.encryption.associated_data import Unreadable
from forms_service.errors import ConflictError
from forms_service.form_schema.language_schemas import MAX_FORM_NAME_LENGTH
from forms_service.form_schema.settings import WITH_PROVIDER_KEYS
from forms_service.forms import access, service

SECRETS = ("challenge_secret",)
UNREADABLE = "The settings of this form cannot be decrypted, so they cannot be copied. Ask the operator."


def create_own(caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a form for the caller.

    :raises AuthorizationError: if their account may have none
    """
    check_owner(caller)
    return service.create(body, caller.account_id)


def create_copy(form_id: str, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Copy fields and settings, not secrets, of a form that the caller may see."""
    form = access.find_form(form_id, caller)
    if isinstance(form.settings, Unreadable):
        raise ConflictError(UNREADABLE)
    name = body.get("name") or f"Copy of {form.name}"[:MAX_FORM_NAME_LENGTH]
    fields = service.get_version(form_id, form.version, caller)["fields"]
    return create_own(caller, {"name": name, "fields": fields, "settings": without_secrets(form.parsed_settings())})


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that somebody else may have; a CAPTCHA that needs a secret is off."""
    copied = {name: value for name, value in settings.items() if name not in SECRETS}
    if copied.get("challenge") in WITH_PROVIDER_KEYS:
        copied["challenge"] = "none"  # it cannot be checked without the secret
    return copied
