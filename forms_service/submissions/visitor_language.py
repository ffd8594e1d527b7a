"""The language of a person who submitted, for the mails that follow."""

from collections.abc import Mapping

from forms_service.forms.cache import PublishedForm
from forms_service.languages.formats import ENGLISH
from forms_service.languages.negotiation import match_tag
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.web.languages import PARAMETER


def record_language(form: PublishedForm, parsed: ParsedSubmission) -> None:
    """Store it with the special fields, if the form mails the person: the browser's header is gone by then."""
    mails_person = form.settings.reply is not None or form.settings.double_opt_in is not None
    if mails_person and parsed.language != ENGLISH:
        parsed.control.setdefault(PARAMETER, parsed.language)


def language_of(control: Mapping[str, str]) -> str:
    """Return the language that was sent or recorded, else English."""
    return match_tag(control.get(PARAMETER, "")) or ENGLISH


def language_query(language: str) -> str:
    """Return what a link adds to its query, so that its page is in the language of the mail."""
    return "" if language == ENGLISH else f"&{PARAMETER}={language}"
