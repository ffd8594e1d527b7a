"""Whom a form tells by mail."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask

from forms_service.delivery import outbox
from forms_service.delivery.outbox import Target
from forms_service.encryption.compiled_sql import Row
from forms_service.forms import cache
from forms_service.notifications import submission_mail
from forms_service.submissions.events import CREATED, SubmissionEvent


@dataclass(frozen=True)
class RecipientListener:
    """A mail to one recipient for each new submission."""

    target: Target

    def rows(self, event: SubmissionEvent) -> Sequence[Row]:
        if event.type != CREATED:
            return ()
        return [outbox.message_row("mail", submission_mail.KIND, self.target, about=event.submission_id)]


def init_app(app: Flask) -> None:
    """Register the recipients of every form."""
    cache.register_listeners(app, load_listeners)


def load_listeners(form_id: str, owner_id: uuid.UUID, owner_email: str) -> Sequence[RecipientListener]:
    """Return a form's recipients; none if the owner's address cannot be decrypted."""
    return [RecipientListener(Target(owner_email, outbox.address_index(owner_email)))] if owner_email else []
