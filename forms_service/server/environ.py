"""Keys that the worker adds to the WSGI environment."""

SCRATCH = "forms_service.marks"
"""A dict that survives when a request is run twice: its head first, then the whole."""

MALFORMED = "forms_service.unreadable"
"""Set if the bytes were not an HTTP request."""
