"""Subjects of notifications: one line, and no two of a form are equal."""

from collections.abc import Mapping, Sequence

from forms_service.form_schema.special_fields import SUBJECTS
from forms_service.form_schema.text_templates import FORM, GENERAL, REFERENCE, fill, find_unknown_names
from forms_service.forms.cache import PublishedForm
from forms_service.notifications.mail_values import flatten
from forms_service.submissions.parsed_submission import first_of
from forms_service.uploads.models import File

MAX_LENGTH = 150
"""Characters, without the reference."""

MAX_VALUE_LENGTH = 80


def placeholder_values(
    labels: Mapping[str, str], texts: Mapping[str, str], files: Sequence[File] = ()
) -> dict[str, str]:
    """Return name → text for templates: "" for a field that was left out, a file by its name.

    Only a field of the form may be called like a general name, not what a visitor adds.
    """
    values = {**dict.fromkeys(labels, ""), **texts}
    for file in files:
        values[file.field] = ", ".join(filter(None, [values.get(file.field), file.name]))
    return {name: text for name, text in values.items() if name in labels or name not in GENERAL}


def make_subject(
    form: PublishedForm, values: Mapping[str, str], control: Mapping[str, str], sender: str | None, reference: str
) -> str:
    """Return the owner's subject, else the visitor's, else form and sender."""
    template = form.settings.subject
    return (
        (fill_subject(template, values, form.name, reference) if template else "")
        or flatten(first_of(control, SUBJECTS) or "", MAX_LENGTH)
        or flatten(": ".join(filter(None, [form.name, sender])), MAX_LENGTH)
    )


def fill_subject(template: str, values: Mapping[str, str], form: str, reference: str) -> str:
    """Insert values into the owner's template, once and as text.

    A name without a value becomes "".
    """
    known = {REFERENCE: reference, FORM: form, **values}
    names = [*find_unknown_names(template, ()), *GENERAL]
    return flatten(fill(template, {name: flatten(known.get(name, ""), MAX_VALUE_LENGTH) for name in names}), MAX_LENGTH)


def add_reference(subject: str, reference: str) -> str:
    """Append the reference, unless the subject has it.

    Mail programs fold equal subjects into one thread.
    """
    return subject if reference in subject else f"{subject} ({reference})"
