"""Password reset schema."""

from forms_service.accounts.schemas import TokenField
from forms_service.validation.base import Schema
from forms_service.validation.fields import Password


class Reset(Schema):
    token = TokenField(required=True)
    password = Password(required=True, metadata={"examples": ["Correct-horse-7"]})
