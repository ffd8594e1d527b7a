"""Settings as dataclass fields that carry default and parser."""

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any

from forms_service.config import parsers as of


@dataclass(frozen=True)
class From:
    """Derived from the settings above it."""

    derive: Callable[[dict[str, Any]], Any]


def setting(
    default: str | From | None = None, parse: Callable[[str], Any] | From = of.text, *, secret: bool = False
) -> Any:
    """Declare a setting, named as its environment variable in lower case.

    Defaults are parsed too; secrets stay out of the repr.
    """
    return field(repr=not secret, metadata={"default": default, "parse": parse})


def is_setting(declared: "Field[Any]") -> bool:
    return "parse" in declared.metadata


def read(declared: "Field[Any]", reader: Any, values: dict[str, Any]) -> Any:
    """Return None if unset or invalid; `values` holds the settings above it."""
    default, parse = (_resolve(declared.metadata[part], values) for part in ("default", "parse"))
    return reader.setting(declared.name.upper(), default, parse=parse)


def _resolve(part: Any, values: dict[str, Any]) -> Any:
    return part.derive(values) if isinstance(part, From) else part
