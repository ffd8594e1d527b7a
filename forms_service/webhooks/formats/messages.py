"""The parts of a chat message, cut to a service's limits before it escapes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forms_service.languages.formats import format_size
from forms_service.submissions.events import CONFIRMED, CREATED, DELETED, MARKED_SPAM, WITHDRAWN
from forms_service.submissions.serialization import to_json
from forms_service.validation.text import collapse_whitespace
from forms_service.webhooks.formats.payloads import Event, EventFile
from forms_service.webhooks.formats.text_limits import Measure, cut, readable_text, share, utf16_length

TITLES = {
    CREATED: "New submission",
    CONFIRMED: "Submission confirmed",
    MARKED_SPAM: "Marked as spam",
    DELETED: "Submission deleted",
    WITHDRAWN: "Consent withdrawn",
}
MAX_FORM_NAME = 80
LINK_TEXT = "Open the submission"
EMPTY = "(empty)"
"""Services refuse empty texts."""

MAX_TEXT_LINES = 20

Line = tuple[str, str]
Escape = Callable[[str], str]


@dataclass(frozen=True)
class Limits:
    """A service's limits on lines, which are a label and a text."""

    lines: int
    label: int
    text: int
    total: int
    """Of all labels and texts together."""

    length: Measure = utf16_length
    escape: Escape = str

    def measure(self, text: str) -> int:
        """Measure the escaped text, which is what the service counts."""
        return self.length(self.escape(text))


def title(event: Event) -> str:
    """Return the form and the reference on one line."""
    name = cut(collapse_whitespace(readable_text(event.form_name)), MAX_FORM_NAME)
    return f"{TITLES.get(event.type, event.type)}: {name} ({event.reference})"


def fit_lines(event: Event, limits: Limits) -> list[Line]:
    """Return labels and texts that together stay within the limits when escaped."""
    lines = list(map(_clean, _lines(event, limits.lines)))
    labels = [cut(label, limits.label, limits.measure) for label, _ in lines]
    lengths = [min(limits.measure(text), limits.text) for _, text in lines]
    rooms = share(lengths, limits.total - sum(map(limits.measure, labels)))
    return [
        (label, cut(text, room, limits.measure)) for label, (_, text), room in zip(labels, lines, rooms, strict=True)
    ]


def compose_text(event: Event, heading: str, limit: int, length: Measure, escape: Escape = str) -> str:
    """Return a message as text: the escaped heading, labels with texts below them, link."""
    room = limit - length(heading) - length(event.link) - MAX_TEXT_LINES * 3 - 4
    limits = Limits(MAX_TEXT_LINES, label=100, text=room, total=room, length=length, escape=escape)
    lines = [f"{escape(label)}\n{escape(text)}" for label, text in fit_lines(event, limits)]
    return "\n\n".join(filter(None, [heading, *lines, event.link]))


def to_body(message: Any) -> bytes:
    """Encode a message as JSON."""
    return to_json(message).encode("utf-8", "replace")


def _lines(event: Event, count: int) -> list[Line]:
    lines = [*event.lines, *map(_file_line, event.files)]
    if len(lines) <= count:
        return lines
    more = len(lines) - count + 1
    return [*lines[: count - 1], ("…", f"{more} more fields are in the submission.")]


def _file_line(file: EventFile) -> Line:
    return file.label, f"{file.name} ({format_size(file.size)})\n{file.link}"


def _clean(line: Line) -> Line:
    label, text = map(readable_text, line)
    return collapse_whitespace(label) or EMPTY, text if text.strip() else EMPTY
