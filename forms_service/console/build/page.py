"""Values of the editor's page, and what its buttons do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError as SchemaError

from forms_service.accounts.guards import Caller
from forms_service.console.build import drafts
from forms_service.console.build.differences import describe_changes, find_renames
from forms_service.console.build.drafts import Card, Draft, draft_of
from forms_service.console.build.faults import Faults, sort_faults
from forms_service.console.build.preview import preview_controls
from forms_service.console.build.texts import shown_properties
from forms_service.console.build.words import TYPE_NAMES, rule_inputs
from forms_service.errors import ApiError, NotFoundError, ValidationError
from forms_service.form_schema.definition import TYPES_WITH_CHOICES
from forms_service.forms import service as forms
from forms_service.forms.access import MANAGER
from forms_service.forms.schemas import FormChanges
from forms_service.inbox import overview
from forms_service.validation.base import errors_by_path

MAX_VERSIONS_SHOWN = 10
NO_FAULTS = Faults()
Fields = Sequence[Mapping[str, Any]]


def editor(
    form_id: str,
    caller: Caller,
    draft: Draft | None = None,
    *,
    error: ApiError | None = None,
    focus: str = "",
    renames: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return the page's values for a draft, or for the form as it is; `focus` is `ACTION.KEY` or a card's key."""
    form = forms.get(form_id, caller, MANAGER)
    draft = draft or draft_of(form)
    base_fields = _fields_of(form, draft.base, caller)
    faults = sort_faults(error.field_errors, draft.cards) if isinstance(error, ValidationError) else NO_FAULTS
    is_stale = draft.version != form["version"]
    before = _fields_of(form, draft.version, caller) if is_stale else ()
    return {
        "form": form,
        "types": TYPE_NAMES,
        "draft": replace(draft, version=form["version"]),
        "cards": [card_values(card, faults, is_open=card.key == focus) for card in draft.cards],
        "is_edited": error is not None or draft != draft_of(form),
        "fault": error,
        "faults": faults,
        "focus": focus,
        "renames": renames,
        "changes": describe_changes(before, form["fields"]) if is_stale else None,
        "versions": forms.list_versions(form_id, caller, MAX_VERSIONS_SHOWN, None).items,
        "controls": preview_controls(draft.definitions(base_fields, _used_names(form))),
    }


def card_values(card: Card, faults: Faults = NO_FAULTS, *, is_open: bool = False) -> dict[str, Any]:
    """Return what the template of a card shows."""
    field_type = card.texts.get("type", "")
    wrong = faults.by_card.get(card.key, {})
    return {
        "key": card.key,
        "label": card.label,
        "texts": card.texts,
        "type": field_type,
        "inputs": rule_inputs(field_type),
        "has_lengths": "max_length" in shown_properties(field_type),
        "has_choices": field_type in TYPES_WITH_CHOICES,
        "wrong": wrong,
        "is_open": is_open or bool(wrong),
    }


def save(form_id: str, caller: Caller, draft: Draft, *, may_rename: bool) -> list[tuple[str, str]]:
    """Save a draft as a version, unless it renames fields with submissions and may not: return those names then.

    :raises ValidationError: by the API's schema, or for conflicting settings
    :raises ConflictError: if somebody saved other fields meanwhile
    """
    form = forms.get(form_id, caller, MANAGER)
    base_fields = _fields_of(form, draft.base, caller)
    fields = draft.definitions(base_fields, _used_names(form))
    changes = _load({"name": draft.name, "fields": fields, "version": draft.version})
    origins = [drafts.origin_of(card, base_fields) for card in draft.cards]
    renames = find_renames(list(zip(origins, fields, strict=True)))
    if renames and not may_rename and overview.has_submissions(form_id, caller):
        return renames
    forms.change(form_id, caller, changes)
    return []


def restore(form_id: str, number: int, caller: Caller, version: int) -> None:
    """Save the fields of an earlier version as a new one."""
    fields = forms.get_version(form_id, number, caller)["fields"]
    forms.change(form_id, caller, {"fields": fields, "version": version})


def preview(form_id: str, caller: Caller, draft: Draft) -> dict[str, Any]:
    """Return the values of the preview alone."""
    form = forms.get(form_id, caller, MANAGER)
    definitions = draft.definitions(_fields_of(form, draft.base, caller), _used_names(form))
    return {"draft": draft, "controls": preview_controls(definitions)}


def apply_action(draft: Draft, action: str, new_type: str) -> tuple[Draft, str]:
    """Return the draft after a button such as `up.3`, and the key of the card to open or the button to focus."""
    verb, _, key = action.partition(".")
    if verb in ("up", "down"):
        return drafts.move(draft, key, -1 if verb == "up" else 1), action
    if verb == "remove":
        return drafts.remove(draft, key), "cards"
    if verb == "add":
        draft = drafts.add(draft, new_type)
        return draft, draft.cards[-1].key
    return draft, key or "preview"


def _fields_of(form: Mapping[str, Any], version: int, caller: Caller) -> Fields:
    if version == form["version"]:
        return form["fields"]  # type: ignore[no-any-return]  # of a dict
    try:
        return forms.get_version(form["id"], version, caller)["fields"]  # type: ignore[no-any-return]  # likewise
    except NotFoundError:  # unused versions are deleted in the end: what the inputs show is all there is
        return ()


def _used_names(form: Mapping[str, Any]) -> list[str]:
    return [name for name in [form["settings"].get("honeypot")] if name]


def _load(body: Mapping[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = FormChanges().load(body)
    except SchemaError as error:
        raise ValidationError(errors_by_path(error.messages)) from error
    return loaded
