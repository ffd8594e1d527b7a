"""Checks of a webhook against its form and the networks that may be reached."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from forms_service.errors import FieldError, ValidationError
from forms_service.form_schema.conditions import find_conflicts
from forms_service.outbound import OutboundRefusedError, check_url
from forms_service.webhooks.formats import FORMATS, Target
from forms_service.webhooks.models import Webhook


def check_webhook(values: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> None:
    """Check format, template and conditions; names only if the form defines fields.

    :raises ValidationError: for what does not fit
    """
    names = [field["name"] for field in fields]
    target = Target(values["url"], values["template"])
    problems = FORMATS[values["format"]].find_problems(target, names or None)
    errors = {part: [FieldError(sentence, "invalid")] for part, sentence in problems.items()}
    errors |= find_conflicts(fields, values["when"])
    if errors:
        raise ValidationError(errors)


def check_address(url: str) -> None:
    """Check where a URL leads; the same is checked at every attempt.

    :raises ValidationError: on `url`, with what to write to allow it
    """
    try:
        check_url(url)
    except OutboundRefusedError as error:
        raise ValidationError({"url": [FieldError(str(error), "refused")]}) from error


def check_headers(webhook: Webhook, changes: Mapping[str, Any]) -> None:
    """Refuse to send headers to another server, whose owner would read values that the API never shows.

    :raises ValidationError: unless the change gives each of them again, or removes it
    """
    if _origin(changes.get("url", webhook.url)) == _origin(webhook.url):
        return
    replaced = {name.lower() for name in changes.get("headers", ())}
    left = [name for name in json.loads(webhook.headers or "{}") if name.lower() not in replaced]
    if left:
        message = f"The URL leads to another server. Send {', '.join(left)} again, or remove it (null)."
        raise ValidationError({"headers": [FieldError(message, "required")]})


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def dump_json(value: Any) -> str | None:
    """Return JSON for a column; None for none."""
    return None if value is None else json.dumps(value, ensure_ascii=False)
