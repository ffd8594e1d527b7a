"""Links for mails: to this service as people reach it, never as a request's Host header says."""

from urllib.parse import urlencode

from forms_service.config import settings


def link(path: str, token: str) -> str:
    """The address of a page of ours, such as "/confirm", with a token that is good for one thing."""
    return f"{settings.public_url}{path}?{urlencode({'token': token})}"
