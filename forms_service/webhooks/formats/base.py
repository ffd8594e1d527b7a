"""Base class and registry of formats."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, TypeVar

from forms_service.webhooks.formats.payloads import Event, Payload


@dataclass(frozen=True)
class Target:
    """Settings of a webhook that formats read."""

    url: str = field(repr=False)
    template: Any = None


Problems = dict[str, str]
"""`url` or `template` → what is wrong with it."""


class Format(ABC):
    """Makes the body of a request from an event."""

    @abstractmethod
    def render(self, event: Event, target: Target) -> Payload:
        """Return what is sent to the target."""

    def find_problems(self, target: Target, fields: Collection[str] | None = None) -> Problems:
        """Return why the target cannot be used, for the names of a form's fields if they are known."""
        return {}


FORMATS: dict[str, Format] = {}

F = TypeVar("F", bound=type[Format])


def webhook_format(name: str) -> Callable[[F], F]:
    """Register a format under the name that owners choose it by."""

    def register(class_: F) -> F:
        FORMATS[name] = class_()
        return class_

    return register
