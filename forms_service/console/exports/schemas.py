"""Schema of the export form."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from forms_service.console.rendering import current_preferences
from forms_service.inbox import schemas as inbox


class Export(inbox.Export):
    """The API's query of an export, in the account's time zone."""

    @ma.pre_load
    def _complete(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        filled = {name: value for name, value in data.items() if value != ""}  # a form sends empty fields too
        return {"timezone": current_preferences().timezone, **filled}
