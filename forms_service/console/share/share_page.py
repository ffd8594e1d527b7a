"""Values of the page that shows how to put a form to use."""

import uuid
from typing import Any

from flask import url_for

from forms_service.accounts.guards import Caller
from forms_service.config import settings
from forms_service.console.share import qr_code
from forms_service.console.share.snippets import WAYS, facts_of
from forms_service.errors import NotFoundError
from forms_service.forms import service as forms
from forms_service.inbox import service as inbox
from forms_service.notifications.mail_values import labelled_texts, labels_of, texts_of

SCRIPT = "static/forms.js"


def gather(form_id: str, caller: Caller, way: str, tested: uuid.UUID | None) -> dict[str, Any]:
    """Return the code of one way, and the submission of a test."""
    form = forms.get(form_id, caller)
    chosen = WAYS[way]
    origins = (form["settings"] or {}).get("allowed_origins", [])
    return {
        "form": form,
        "ways": [(key, item.label) for key, item in WAYS.items()],
        "way": way,
        "chosen": chosen,
        "code": chosen.code(facts_of(form), f"{settings.public_url.rstrip('/')}/{SCRIPT}"),
        "qr_code": qr_code.data_uri(form["url"]) if way == "link" else None,
        "origins": origins,
        "challenge": (form["settings"] or {}).get("challenge", "none"),
        "test": _shown_test(tested, form, caller) if tested else None,
        "test_url": url_for("console_share.send_test", form_id=form_id, way=way),
    }


def _shown_test(submission_id: uuid.UUID, form: dict[str, Any], caller: Caller) -> dict[str, Any] | None:
    try:
        submission = inbox.get(submission_id, caller)
    except NotFoundError:  # deleted meanwhile
        return None
    if submission["form_id"] != form["id"]:
        return None
    fields = form["fields"]
    lines = labelled_texts(labels_of(fields), texts_of(fields, submission["data"]), {})
    return {**submission, "lines": lines}
