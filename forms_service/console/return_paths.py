"""Checks the page that a sign-in leads back to: only one of the console."""

import re
from urllib.parse import urlsplit

from flask import current_app, request

from forms_service.config import settings

HOME = "/console"
MAX_LENGTH = 1000
PATH = re.compile(r"/console(/[A-Za-z0-9_/-]*)?(\?[A-Za-z0-9_=&%.,:+-]*)?")
"""No dot, backslash or second origin: a browser resolves it to this path and no other."""

FILE = re.compile(r"(/console/submissions/[0-9a-f-]{36})/files/([0-9]{1,4})")


def requested_path() -> str:
    """Return the path to come back to after a sign-in.

    For a file it is the page of its submission, which starts the download: otherwise the sign-in page would stay. For
    an address of a button alone it is the page that has the button.
    """
    if not _is_page(request.path):
        page = _referring_path()
        return safe_path(page) if _is_page(page) else HOME
    file = FILE.fullmatch(request.path)
    return f"{file[1]}?download={file[2]}" if file else safe_path(request.full_path.rstrip("?"))


def _referring_path() -> str:
    try:
        return urlsplit(request.referrer or "").path.removeprefix(settings.public_path)
    except ValueError:  # brackets that hold no IPv6 address
        return ""


def _is_page(path: str) -> bool:
    return "GET" in current_app.url_map.bind("localhost").allowed_methods(path)


def safe_path(path: str) -> str:
    """Return the path if it leads into the console, else that of the console."""
    return path if len(path) <= MAX_LENGTH and PATH.fullmatch(path) else HOME


def location(path: str) -> str:
    """Return the redirect target of a safe path, below the path of PUBLIC_URL."""
    return settings.public_path + path
