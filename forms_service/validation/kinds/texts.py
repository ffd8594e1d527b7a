"""Types of text."""

import math
from collections.abc import Mapping
from typing import Any

from forms_service.errors import Fault
from forms_service.validation.fields import BLANKS, is_email
from forms_service.validation.kinds.base import Kind, kind
from forms_service.validation.patterns import LONGEST_MATCHED, Pattern
from forms_service.validation.schema import Messages
from forms_service.validation.urls import LONGEST_URL, is_url

LENGTHS = ("min_length", "max_length", "pattern")


class Textual(Kind):
    """One text, of a length and after a pattern."""

    def _prepare(self, definition: Mapping[str, Any]) -> None:
        pattern = definition.get("pattern")
        self._pattern = Pattern(pattern) if pattern else None
        self._shortest = definition.get("min_length", 0)
        self._longest = definition.get("max_length", math.inf)
        if self._pattern:
            self._longest = min(self._longest, LONGEST_MATCHED)
        self._measured = bool(self._shortest or self._longest is not math.inf)

    def _faults(self, value: Any) -> list[Fault]:
        if not isinstance(value, str):
            return [self.fault("invalid_text")]
        length = len(value.replace("\r\n", "\n")) if self._measured else 0
        if length > self._longest:
            return [self.fault("too_long", longest=characters(int(self._longest)))]
        faults = [self.fault(code) for code in self._wrong(value)]
        if self._measured and length < self._shortest:
            faults.append(self.fault("too_short", shortest=characters(self._shortest)))
        if self._pattern and not self._pattern.matches(value):
            faults.append(self.fault("pattern"))
        return faults

    def _wrong(self, value: str) -> tuple[str, ...]:
        return ()

    default_error_messages: Messages = {
        "too_short": "Write at least {shortest}.",
        "too_long": "Write at most {longest}.",
        "pattern": "This is not written the way it is asked for.",
    }


@kind("text", "text", LENGTHS)
class TextKind(Textual):
    """A line of text."""


@kind("textarea", "textarea", LENGTHS)
class TextareaKind(Textual):
    """Text of several lines; a line break counts as one character."""


@kind("tel", "tel", LENGTHS)
class TelKind(Textual):
    """A telephone number, in any notation: the world has too many."""


@kind("hidden", "hidden", LENGTHS)
class HiddenKind(Textual):
    """A value that the page sends and people do not see."""


@kind("email", "email", LENGTHS)
class EmailKind(Textual):
    """An address that mail can be sent to; blanks around it are not minded."""

    default_error_messages: Messages = {"invalid_email": "Enter an e-mail address such as ann@example.com."}

    def _wrong(self, value: str) -> tuple[str, ...]:
        return () if is_email(value.strip(BLANKS)) else ("invalid_email",)


@kind("url", "url", LENGTHS)
class UrlKind(Textual):
    """An absolute URL of any scheme but those that run a script."""

    default_error_messages: Messages = {"invalid_url": "Enter a whole address such as https://example.com/page."}

    def _wrong(self, value: str) -> tuple[str, ...]:
        return () if len(value) <= LONGEST_URL and is_url(value) else ("invalid_url",)


def characters(count: int) -> str:
    """A number of characters, in words."""
    return f"{count} character" if count == 1 else f"{count} characters"
