"""The services whose exports can be imported."""

from forms_service.imports.sources import form_backends, nextcloud, opnform, own, tables, typeform
from forms_service.imports.sources.base import CSVSource, Source
from forms_service.imports.sources.files import ImportFile

SOURCES: tuple[type[Source], ...] = (
    own.OwnJSONLines,
    own.OwnCSV,
    form_backends.FormspreeJSON,
    form_backends.FormspreeCSV,
    form_backends.NetlifyJSON,
    form_backends.NetlifyCSV,
    typeform.TypeformJSON,
    typeform.TypeformDefinition,
    typeform.TypeformCSV,
    nextcloud.NextcloudJSON,
    nextcloud.NextcloudCSV,
    opnform.OpnFormDefinition,
    opnform.OpnFormJSON,
    tables.GoogleFormsCSV,
    tables.AnyJSONLines,
    tables.AnyJSON,
    tables.AnyCSV,
)
"""In the order in which they are tried: the most particular shape first."""

BY_NAME = {source.name: source for source in SOURCES}

__all__ = ["BY_NAME", "SOURCES", "CSVSource", "Source", "detect"]


def detect(file: ImportFile) -> type[Source]:
    """Return the source whose shape the file has.

    :raises ValueError: for JSON of an unknown shape
    """
    for source in SOURCES:
        if source.matches(file):
            return source
    raise ValueError(f"This JSON is of none of the known formats: {', '.join(BY_NAME)}. See docs/importing.md")
