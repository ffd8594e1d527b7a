"""The declaration of a setting: a dataclass field that carries its default and its parser."""

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any

from forms_service.config import parsers as of


@dataclass(frozen=True)
class From:
    """A default or a parser that depends on the settings declared above it."""

    derive: Callable[[dict[str, Any]], Any]


def setting(
    default: str | From | None = None, parse: Callable[[str], Any] | From = of.text, *, secret: bool = False
) -> Any:
    """Declare a setting; its environment variable is the field's name in capitals.

    The default is parsed like any other text. A secret is left out of the repr.
    """
    return field(repr=not secret, metadata={"default": default, "parse": parse})


def is_setting(declared: "Field[Any]") -> bool:
    """Whether the field is read from the environment, not derived from other settings."""
    return "parse" in declared.metadata


def read(declared: "Field[Any]", reader: Any, values: dict[str, Any]) -> Any:
    """Read a declared setting, given the `values` of those above it; None if it is invalid or unset."""
    default, parse = (_resolve(declared.metadata[part], values) for part in ("default", "parse"))
    return reader.setting(declared.name.upper(), default, parse=parse)


def _resolve(part: Any, values: dict[str, Any]) -> Any:
    return part.derive(values) if isinstance(part, From) else part
