"""TLS of outgoing connections; certificates are always verified."""

import ssl


def create_client_context(authorities: str | None) -> ssl.SSLContext:
    """Trust the system's authorities and those in `authorities` (PEM)."""
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(cadata=authorities)
    return context


def has_certificates(pem: str) -> bool:
    """Whether the text holds certificates, all of them readable."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        return False
    return True
