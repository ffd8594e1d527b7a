"""What came with a POST, sorted (scaffold: h5 builds it)."""

from dataclasses import dataclass, field
from typing import Any

from forms_service.submissions.taking.uploads import Upload


@dataclass
class Incoming:
    """What came, sorted; the special fields are taken out of `data`."""

    data: dict[str, Any]
    control: dict[str, str] = field(default_factory=dict)
    honeypots: tuple[str, ...] = ()
    challenge: dict[str, str] = field(default_factory=dict)
    started: str | None = None
    uploads: tuple[Upload, ...] = ()
    client: str = ""
