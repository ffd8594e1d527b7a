"""Links to pages of ours, for mails."""

from forms_service.config import settings


def link(path: str, token: str | None = None) -> str:
    """The page's address below PUBLIC_URL; the Host header is never asked."""
    return f"{settings.public_url}{path}" + (f"?token={token}" if token else "")
