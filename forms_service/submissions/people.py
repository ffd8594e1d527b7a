"""By what the people in submissions are found."""

from forms_service.encryption.keyring import holder
from forms_service.validation.fields import email_key

EMAIL_PLACE = "submission_people.email"


def person_index(email: str) -> bytes:
    """The same for every spelling of one address.

    :raises ValueError: when it is no address
    """
    return holder().ring().index(email_key(email), EMAIL_PLACE)
