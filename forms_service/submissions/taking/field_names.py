"""Names of fields as they are kept, whatever was sent: nobody who fills in a form can mend them."""

from forms_service.validation.schema import LONGEST_NAME

UNNAMED = "unnamed"
"""The field of what came without a name."""

CUT = "\u2026"
"""The mark at the end of a name that was cut."""


def kept_name(name: str) -> str:
    """Return the name, cut to LONGEST_NAME characters with a mark at its end, or UNNAMED for an empty one."""
    if len(name) > LONGEST_NAME:
        return name[: LONGEST_NAME - len(CUT)] + CUT
    return name or UNNAMED
