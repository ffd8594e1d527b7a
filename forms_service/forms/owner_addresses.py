"""Owners whose address gets no mail."""

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import select

from forms_service.accounts.models import Account
from forms_service.delivery import suppressions
from forms_service.delivery.outbox import address_index
from forms_service.delivery.problems import suppression_problem
from forms_service.extensions import db


def find_problems(owner_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return the owners whose address is on the suppression list, and what to tell them."""
    query = select(Account.id, Account.email).where(Account.id.in_(owner_ids))
    indexes = {owner_id: address_index(email) for owner_id, email in db.session.execute(query) if email}
    suppressed = suppressions.find_many(indexes.values())
    return {
        owner_id: suppression_problem(suppressed[index].reason)
        for owner_id, index in indexes.items()
        if index in suppressed
    }
