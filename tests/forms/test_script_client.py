"""The client of `clients/js`: its own tests, its types, and the scripts that are built from it."""

import gzip
import shutil
import subprocess
from pathlib import Path
from runpy import run_path

import pytest

from tests.support.npm import script_client  # noqa: F401 (a fixture)
from tests.support.servers import ROOT

CLIENT = ROOT / "clients" / "js"
MAX_SIZE = 6 * 1024
SINKS = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".style")


def test_the_served_scripts_are_those_of_the_sources() -> None:
    files: dict[Path, str] = run_path(str(CLIENT / "build.py"))["build"]()
    assert len(files) == 2
    for file, text in files.items():
        assert file.read_text() == text, f"run: python {CLIENT.relative_to(ROOT)}/build.py"
        assert [sink for sink in SINKS if sink in text] == []


def test_the_script_is_small() -> None:
    script = (ROOT / "forms_service/static/forms.js").read_bytes()
    assert len(gzip.compress(script, 9)) <= MAX_SIZE


def test_the_version_of_the_package_is_that_of_the_service() -> None:
    version = run_path(str(ROOT / "forms_service/__init__.py"))["__version__"]
    assert f'"version": "{version}"' in (CLIENT / "package.json").read_text()


@pytest.mark.slow
def test_the_clients_own_tests_pass() -> None:
    node = shutil.which("node")
    if not node:
        pytest.skip("needs Node (apt-get install nodejs)")
    done = subprocess.run(
        [node, "--test", "test/"], cwd=CLIENT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "# pass 0" not in done.stdout


@pytest.mark.slow
def test_the_types_are_right(script_client: Path) -> None:  # noqa: F811 (the fixture)
    compiler = script_client / "node_modules" / ".bin" / "tsc"
    done = subprocess.run(
        [compiler, "-p", "."], cwd=script_client, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout
