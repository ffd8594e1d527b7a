"""The names that a value may be sent under: PHP, Rails and scripts write `topics[]` or `topics[0]` for `topics`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

BRACKETS = "[]"
INDEXED = re.compile(r"(.+)\[[0-9]{0,3}\]", re.DOTALL)


class FieldNames:
    """The names of a form's fields, and the other spellings of them that no field has for itself."""

    def __init__(self, names: Iterable[str]) -> None:
        self.defined = frozenset(names)
        self._bare = {
            name.removesuffix(BRACKETS): name
            for name in self.defined
            if name.endswith(BRACKETS) and name.removesuffix(BRACKETS) not in self.defined
        }

    def defined_name(self, name: str) -> str:
        """The field that is meant; the name itself where it is none's."""
        if name in self.defined:
            return name
        indexed = INDEXED.fullmatch(name) if name.endswith("]") else None
        bare = indexed[1] if indexed else name
        return bare if bare in self.defined else self._bare.get(bare, name)

    def gather(self, sent: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was sent, by the fields that are meant; values of one field are one list, in their order."""
        if not any(name not in self.defined and self.defined_name(name) != name for name in sent):
            return sent
        gathered: dict[str, Any] = {}
        for name, value in sent.items():
            field = self.defined_name(name)
            gathered[field] = [*_listed(gathered[field]), *_listed(value)] if field in gathered else value
        return gathered


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
