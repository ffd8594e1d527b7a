"""Schemas of the account's forms: those of the API, with what HTML forms leave out."""

from typing import Any

import marshmallow as ma

from forms_service.accounts.api_keys.schemas import NewKey
from forms_service.accounts.me.schemas import Profile
from forms_service.accounts.schemas import Scopes

SCOPE_WORDS = {
    "forms:read": ("Read forms", "Their fields and settings, without what was submitted."),
    "forms:write": ("Create, change and delete forms", "Deleting a form erases its submissions."),
    "submissions:read": ("Read and export submissions", "Also find everything that one person sent."),
    "submissions:write": ("Mark, move and delete submissions", "Also erase everything that one person sent."),
    "tokens:introspect": ("Check access tokens", "For your own programs, to see who is signed in here."),
}
"""Scope → what it lets a program do, and more about it."""


class ProfileForm(Profile):
    """Name, phone, time zone and shortcuts: an unticked box is not sent, and an empty phone is none."""

    @ma.pre_load
    def _convert(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        phone = {"phone": data["phone"] or None} if "phone" in data else {}
        return {**data, **phone, "shortcuts": "shortcuts" in data}


class NewKeyForm(NewKey):
    """One ticked box is a text, several are a list."""

    scopes = Scopes(required=True, error_messages={"required": "Choose what programs with this key may do."})

    @ma.pre_load
    def _convert(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        scopes = data.get("scopes")
        return {**data, "scopes": [scopes]} if isinstance(scopes, str) else data
