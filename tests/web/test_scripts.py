"""Our scripts: no name from outside becomes a property of an object, which could be `__proto__`."""

import re

from tests.support.servers import ROOT

COMPUTED = re.compile(r"^.*\w\[(?!['\"\d])[^\]]+\]\s*=(?!=).*$", re.MULTILINE)
OWN_CATALOGUE = "for (const name in others)"
"""Sentences that the service itself wrote; the names are compared with those of the English ones."""


def test_scripts_write_no_property_of_a_name_from_outside() -> None:
    folders = ("clients/js/src", "forms_service/static", "forms_service/static/console")
    files = [file for folder in folders for file in sorted((ROOT / folder).glob("*.js"))]
    assert len(files) > 12
    writes = [line.strip() for file in files for line in COMPUTED.findall(file.read_text())]
    assert [line for line in writes if not line.startswith(OWN_CATALOGUE)] == []
