"""The e-mail addresses in a submission: whose it is, and where an answer goes."""

from collections.abc import Iterator, Mapping
from typing import Any

from forms_service.forms.published import PublishedForm
from forms_service.submissions.people import person_index
from forms_service.validation.fields import EMAIL_LONGEST
from forms_service.validation.special import REPLY_TO


def addresses_in(form: PublishedForm, data: Mapping[str, Any], control: Mapping[str, str]) -> dict[str, bytes]:
    """Every address in a submission with its index: that of the mail fields first, then of the form's e-mail fields.

    In a form that defines no fields any value may be one.
    """
    asked = {field["name"] for field in form.fields if field["type"] == "email"}
    said = [control[name] for name in REPLY_TO if name in control]
    texts = _texts([*said, *(value for name, value in data.items() if name in asked or not form.fields)])
    found = {}
    for text in texts:
        if "@" in text and len(text) <= EMAIL_LONGEST:
            try:
                found[text.strip()] = person_index(text.strip())
            except ValueError:
                continue  # it only looks like one
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            yield from _texts(item)
