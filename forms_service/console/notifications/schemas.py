"""Forms of the notifications page, as the API's bodies: the API's schemas check them."""

from collections.abc import Mapping
from typing import Any, ClassVar

import marshmallow as ma

from forms_service.console.condition_rows import parse_conditions
from forms_service.form_schema.settings import FormSettingsChanges
from forms_service.notifications.recipients.schemas import NewRecipient, RecipientChanges
from forms_service.validation.base import Schema

OPTIONS = ("frequency", "hour", "weekday", "timezone", "content", "files")


def recipient_body(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's body: the hour as a number, conditions of rows."""
    body = {name: values[name] for name in ("email", *OPTIONS) if name in values}
    hour = body.get("hour")
    if isinstance(hour, str) and hour.isascii() and hour.isdigit():
        body["hour"] = int(hour[:9])
    return {**body, "when": parse_conditions(values)}


class RecipientForm(RecipientChanges):
    """The form that changes a recipient."""

    @ma.pre_load
    def _convert(self, values: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        body = recipient_body(values)
        body.pop("email", None)
        return body


class NewRecipientForm(NewRecipient):
    """The form that adds one."""

    @ma.pre_load
    def _convert(self, values: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        return recipient_body(values)


class SettingsForm(Schema):
    """A form of one setting, whose controls are named by the paths of the API's errors."""

    settings = ma.fields.Nested(FormSettingsChanges, required=True)


class SubjectForm(SettingsForm):
    """The subject of notifications; an empty one is the default."""

    @ma.pre_load
    def _convert(self, values: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        return {"settings": {"subject": values.get("subject") or None}}


class TextsForm(SettingsForm):
    """Subject and text of a mail to the person who submits, or the button that switches it off."""

    setting: ClassVar[str]
    off: ClassVar[Any] = None

    @ma.pre_load
    def _convert(self, values: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        if values.get("action") == "off":
            return {"settings": {self.setting: self.off}}
        return {"settings": {self.setting: self._texts(values)}}

    def _texts(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {part: values.get(f"{self.setting}.{part}", "") for part in ("subject", "text")}


class ReplyForm(TextsForm):
    """The automatic reply."""

    setting = "reply"

    def _texts(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {**super()._texts(values), "copy": "reply.copy" in values}


class DoubleOptInForm(TextsForm):
    """The mail that asks to confirm."""

    setting, off = "double_opt_in", False
