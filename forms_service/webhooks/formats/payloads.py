"""An event, and the payload that a format makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class EventFile:
    """A file of a submission; its link needs a sign-in."""

    label: str
    name: str
    size: int
    link: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a submission, with the submission as it is now."""

    type: str
    timestamp: datetime
    """Of the event, not of an attempt to deliver it."""

    form_id: str
    form_name: str
    submission_id: str
    reference: str
    link: str = ""
    """Leads to the submission, if there is still one."""

    submission: Mapping[str, Any] | None = field(default=None, repr=False)
    """As the API shows it; None after a deletion."""

    lines: Sequence[tuple[str, str]] = field(default=(), repr=False)
    """Labels and values, for people."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By field name, for an owner's template."""

    files: Sequence[EventFile] = field(default=(), repr=False)


@dataclass(frozen=True)
class Payload:
    """The body of a request, and the headers that its format needs."""

    body: bytes = field(repr=False)
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def format_timestamp(moment: datetime) -> str:
    """Return a time by RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
