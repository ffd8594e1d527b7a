"""Spellings of field names: PHP, Rails and scripts send `topics[]` or `topics[0]` for `topics`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from forms_service.validation.base import MAX_NAME_LENGTH

BRACKETS = "[]"
INDEXED = re.compile(r"(.+)\[[0-9]{0,3}\]", re.DOTALL)

UNNAMED = "unnamed"

ELLIPSIS = "\u2026"


class FieldNames:
    """Maps submitted names to the form's fields."""

    def __init__(self, names: Iterable[str]) -> None:
        self.defined = frozenset(names)
        self._bare = {
            name.removesuffix(BRACKETS): name
            for name in self.defined
            if name.endswith(BRACKETS) and name.removesuffix(BRACKETS) not in self.defined
        }

    def defined_name(self, name: str) -> str:
        """Return the field a name stands for, or the name."""
        if name in self.defined:
            return name
        indexed = INDEXED.fullmatch(name) if name.endswith("]") else None
        bare = indexed[1] if indexed else name
        return bare if bare in self.defined else self._bare.get(bare, name)

    def gather(self, sent: Mapping[str, Any]) -> Mapping[str, Any]:
        """Merge values under several spellings into one list."""
        if not any(name not in self.defined and self.defined_name(name) != name for name in sent):
            return sent
        gathered: dict[str, Any] = {}
        for name, value in sent.items():
            field = self.defined_name(name)
            gathered[field] = [*_as_list(gathered[field]), *_as_list(value)] if field in gathered else value
        return gathered


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def truncate_name(name: str) -> str:
    """Cut a name to MAX_NAME_LENGTH; UNNAMED if empty."""
    if len(name) > MAX_NAME_LENGTH:
        return name[: MAX_NAME_LENGTH - len(ELLIPSIS)] + ELLIPSIS
    return name or UNNAMED
