"""Schemas of the operators' forms."""

from forms_service.accounts.me.schemas import CurrentPasswordOnly
from forms_service.accounts.models import ROLES
from forms_service.accounts.signup.schemas import Address
from forms_service.validation.primitives import OneOf

SUPPRESS, UNSUPPRESS = "suppress", "unsuppress"


class RoleForm(CurrentPasswordOnly):
    """A role, and the operator's own password."""

    role = OneOf(ROLES, required=True)


class SuppressionForm(Address):
    """An address, and the button that was pressed."""

    action = OneOf((SUPPRESS, UNSUPPRESS), required=True)
