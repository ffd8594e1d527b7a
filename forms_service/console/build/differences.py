"""Differences between two versions of a form, in sentences. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forms_service.console.build.words import PROPERTY_NAMES

Fields = Sequence[Mapping[str, Any]]


def describe_changes(before: Fields, after: Fields) -> list[str]:
    """Return a sentence for each field that was added, removed or changed, and one for a new order."""
    return list(_changes({item["name"]: item for item in before}, {item["name"]: item for item in after}))


def find_renames(pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> list[tuple[str, str]]:
    """Return old and new name of fields that have another one than the definition they began as."""
    return [(origin["name"], field["name"]) for origin, field in pairs if origin and origin["name"] != field["name"]]


def _changes(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, field in after.items():
        if name not in before:
            yield f"“{_label(field)}” was added."
        elif changed := [key for key in {**before[name], **field} if before[name].get(key) != field.get(key)]:
            words = ", ".join(PROPERTY_NAMES.get(key, key) for key in changed)
            yield f"“{_label(field)}” was changed: {words}."
    yield from (f"“{_label(field)}” was removed." for name, field in before.items() if name not in after)
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        yield "The order was changed."


def _label(field: Mapping[str, Any]) -> str:
    return str(field.get("label") or field["name"])
