"""Keys of the WSGI environment and constant headers, shared by the application and its server."""

SCRATCH = "forms_service.marks"
"""A dict that survives from the head's run to the whole request's."""

MALFORMED = "forms_service.unreadable"
"""Set for malformed HTTP: what is wrong with it."""

CONSTANT_HEADERS: set[tuple[str, str]] = set()
"""The application's well-formed ones: the worker need not check them in each response."""
