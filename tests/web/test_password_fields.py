"""Fields for passwords, in every template."""

import re
from pathlib import Path

from tests.support.servers import ROOT

TEMPLATES = ROOT / "forms_service/templates"
FIELD = re.compile(r'\{\{- (?:field|input)\("([\w]*password)",(.*?)\) \}\}', re.DOTALL)
PURPOSE = re.compile(r"autocomplete\W+(current-password|new-password)")


def fields() -> list[tuple[Path, str, str]]:
    return [(file, *match) for file in sorted(TEMPLATES.rglob("*.html")) for match in FIELD.findall(file.read_text())]


def test_every_field_for_a_password_is_masked_and_open_to_password_managers() -> None:
    assert len(fields()) >= 11
    for file, name, rest in fields():
        assert 'type="password"' in rest, (file, name)
        assert PURPOSE.search(rest), (file, name)
        assert "onpaste" not in rest
    named = sum(
        len(re.findall(r'\("[\w]*password", (?:_\(|")', file.read_text())) for file in TEMPLATES.rglob("*.html")
    )
    assert named == len(fields()), "a field that this test does not see"


def test_no_script_hinders_pasting() -> None:
    own = [*(ROOT / "forms_service/static").glob("*.js"), *(ROOT / "forms_service/static/console").glob("*.js")]
    assert len(own) > 5
    assert [file.name for file in own if re.search(r"['\"](?:paste|beforeinput)['\"]", file.read_text())] == []
