"""From the settings form to a body of the API, and from settings to the texts of the form."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

import marshmallow as ma

from forms_service.console.settings.schemas import FORGET, LISTS, NAMES, PRIVATE, TIMES, entries_of
from forms_service.errors import FieldError, ValidationError
from forms_service.form_schema.settings import FormSettingsSchema
from forms_service.forms.schemas import FormChanges
from forms_service.validation.base import errors_by_path
from forms_service.validation.datetimes import local_time

PREFIX = "settings."

Errors = Mapping[str, list[FieldError]]


def to_changes(body: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Return the body of a PATCH.

    :raises ValidationError: as the API does
    """
    settings = dict(body)
    is_forgotten = settings.pop(FORGET)
    name = {"name": settings.pop("name") or ""} if "name" in settings else {}
    for moment in TIMES:
        if settings.get(moment):
            settings[moment] = _to_utc(settings[moment], zone)
    if not settings.get(PRIVATE):
        settings.pop(PRIVATE, None)  # an empty control keeps the secret
        settings |= {PRIVATE: None} if is_forgotten else {}
    try:
        changes: dict[str, Any] = FormChanges().load({**name, "settings": settings})
    except ma.ValidationError as error:
        raise ValidationError(errors_by_path(error.messages)) from error
    return changes


def to_texts(form: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Return the text of each control, and whether its box is ticked."""
    settings = {**FormSettingsSchema().load({}), **form["settings"]}
    texts = {name: _look_up(settings, name) for name in NAMES if name not in ("name", PRIVATE)}
    for name in LISTS:
        texts[name] = "\n".join(texts[name] or ())
    for name in TIMES:
        texts[name] = _to_local(texts[name], zone) if texts[name] else ""
    return {**texts, "name": form["name"], "closed": settings["closed"], "has_secret": bool(settings.get(PRIVATE))}


def by_control(errors: Errors, values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return control → what is wrong; of an entry in a list, with the entry."""
    faults: dict[str, list[str]] = {}
    entries = {control: entries_of(str(values.get(control, ""))) for control in LISTS}  # not anew for each fault
    for path, messages in errors.items():
        name = path.removeprefix(PREFIX)
        control, _, number = name.rpartition(".")
        if control in LISTS and number.isdigit():
            entry = "".join(entries[control][int(number) :][:1])
            faults.setdefault(control, []).extend(f"“{entry}”: {message}" for message in messages)
        else:
            faults.setdefault(name, []).extend(messages)
    return faults


def _look_up(settings: Mapping[str, Any], name: str) -> Any:
    group, _, part = name.rpartition(".")
    return (settings.get(group) or {}).get(part) if group else settings.get(name)


def _to_utc(text: str, zone: tzinfo) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC).isoformat()
    except (TypeError, ValueError, OverflowError):  # a repeated control is a list
        return text  # for the API's schema to refuse


def _to_local(text: str, zone: tzinfo) -> str:
    local = local_time(datetime.fromisoformat(text), zone).replace(tzinfo=None)
    return local.isoformat(timespec="seconds" if local.second else "minutes")  # strftime() writes year 1 as one digit
