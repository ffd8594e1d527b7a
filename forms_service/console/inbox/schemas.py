"""Schemas of the inbox pages: the query that every page of a list carries, and their forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma

from forms_service.console.rendering import current_preferences
from forms_service.inbox import schemas as inbox
from forms_service.submissions.queries import Filter
from forms_service.validation.base import Schema
from forms_service.validation.primitives import BoundedList, Identifier, OneOf
from forms_service.web.pagination import MAX_LIMIT, QueryInteger

CHANGES: dict[str, dict[str, Any]] = {
    "read": {"read": True},
    "unread": {"read": False},
    "inbox": {"status": "inbox"},
    "archive": {"status": "archived"},
    "spam": {"status": "spam"},
}
"""Button → change, as PATCH of the API takes it."""

DELETE = "delete"
ACTIONS = (*CHANGES, DELETE)
PARAMETERS = ("status", "unread", "since", "until", "limit", "cursor")
PAGE_PARAMETERS = ("limit", "cursor")
MAX_CURSOR_LENGTH = 200
MAX_TOKEN_LENGTH = 400_000
"""Of an undo of the largest bulk."""


@dataclass(frozen=True)
class Listing:
    """A page of a list: its filter, and the parameters of a URL that leads to it."""

    criteria: Filter
    limit: int
    cursor: str | None
    params: Mapping[str, str]
    at: str | None = None
    """Id of the row that gets the focus."""

    is_default: bool = False
    """No filter was named, as in a link of a mail."""

    @property
    def is_narrowed(self) -> bool:
        """Whether it shows less than whole folders."""
        return any(name in self.params for name in ("since", "until", "unread"))

    @property
    def filter_params(self) -> dict[str, str]:
        """Return the parameters without those of the page."""
        return {name: value for name, value in self.params.items() if name not in PAGE_PARAMETERS}


class ListQuery(inbox.ListQuery):
    """The API's query of a list, with the dates in the account's zone; loads a `Listing`."""

    at = Identifier()

    @ma.pre_load
    def _complete(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        filled = {name: data[name] for name in data if data[name] not in ("", [""])}  # a form sends empty fields too
        return {"timezone": current_preferences().timezone, **filled}

    @ma.post_load(pass_original=True)
    def _convert_days(self, values: dict[str, Any], original: Mapping[str, Any], **_: Any) -> Listing:
        # a second hook could run before that of the base: their order is not defined
        values = super()._convert_days(values)
        limit, cursor, at = values.pop("limit"), values.pop("cursor"), values.pop("at", None)
        params = {name: original[name] for name in PARAMETERS if original.get(name)}
        if "status" in values:
            params["status"] = ",".join(values["status"])
        is_default = not any(name in params for name in ("status", "unread", "since", "until", "cursor"))
        return Listing(Filter(**values), limit, cursor, params, str(at) if at else None, is_default)


class SubmissionQuery(Schema):
    """Query of the page of a submission, beside that of its list."""

    download = QueryInteger(1, 9999, load_default=None)


class Action(Schema):
    """The buttons of a submission."""

    action = OneOf(ACTIONS, required=True)


class Ids(BoundedList):
    """Ids of ticked boxes: one of them arrives as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        return super()._deserialize([value] if isinstance(value, str) else value, attr, data, **kwargs)


class Selection(Action):
    """The buttons above the list."""

    ids = Ids(Identifier(), MAX_LIMIT, load_default=list)


class Undo(Schema):
    """The button that takes back."""

    token = ma.fields.String(required=True, validate=ma.validate.Length(max=MAX_TOKEN_LENGTH))


class Search(inbox.Search):
    """The API's search; the fields of its filter come from the list."""

    class Meta(Schema.Meta):
        """Refuses unknown fields."""

        exclude = ("status", "since", "until", "timezone", "unread", "limit")


class PageTime(ma.fields.AwareDateTime):
    """A time in UTC, where years 1 and 9999 may end."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except OverflowError:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None


class Bulk(Action):
    """Act on everything that matches."""

    cursor = ma.fields.String(load_default=None, validate=ma.validate.Length(max=MAX_CURSOR_LENGTH))
    before: datetime | Any = PageTime(required=True)
    """When the page was made: nobody has seen what has come since."""

    done = QueryInteger(0, 999_999_999, load_default=0)
    """By the steps before."""
