"""Keys of the WSGI environment."""

SCRATCH = "forms_service.marks"
"""A dict that survives from the head's run to the whole request's."""

MALFORMED = "forms_service.unreadable"
"""Set for malformed HTTP."""
