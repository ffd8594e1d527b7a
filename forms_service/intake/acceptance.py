"""From a request to a stored submission: for visitors, and for tests by the form's owner."""

import uuid

from forms_service.forms.cache import PublishedForm
from forms_service.intake import parsing, service
from forms_service.intake.in_flight import form_slot
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.web.client import client_address, client_for_log, client_key


def accept_request(form: PublishedForm, key: str | None) -> tuple[ParsedSubmission, uuid.UUID]:
    client = service.Client(client_key(), client_address(), client_for_log(form.settings.store_ip))
    with form_slot(form.id), parsing.parse_request(form, client.address) as parsed:
        return parsed, service.accept_submission(form, parsed, client, key)
