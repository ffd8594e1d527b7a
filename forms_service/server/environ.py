"""Keys that the worker puts into the WSGI environment of a request."""

SCRATCH = "forms_service.marks"
"""A dict that stays while a request is shown twice: its head first, then all of it."""

MALFORMED = "forms_service.unreadable"
"""Set where the environment stands for bytes that are no HTTP request."""
