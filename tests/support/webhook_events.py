"""Events of submissions, as the formats of webhooks get them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from forms_service.webhooks.formats import Target
from forms_service.webhooks.formats.payloads import Event
from forms_service.webhooks.samples import SampleForm, sample_event

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
FORM = SampleForm("AbCdEfGhIjKlMnOp", "Contact", 1)
LINK = "https://forms.example.com/console/submissions/01890a5d-ac96-774b-bcce-b302099a8057"
URLS = {"telegram": "https://api.telegram.org/bot1:AA/sendMessage?chat_id=-1001234567890"}


def event_of(answers: Mapping[str, Any], **changes: Any) -> Event:
    """A submission with these answers, whose labels are their names."""
    sample = sample_event(FORM, LINK, NOW)
    submission = {**(sample.submission or {}), "data": dict(answers)}
    texts = {name: str(value) for name, value in answers.items()}
    event = replace(sample, submission=submission, lines=list(texts.items()), values=texts)
    return replace(event, **changes)


def target_of(name: str, template: Any = None) -> Target:
    """An owner's settings for a format."""
    return Target(URLS.get(name, "https://hooks.example.com/x"), template)
