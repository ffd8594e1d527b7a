"""Packages of npm, and what is built with them, as fixtures."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.servers import ROOT

SCRIPT_CLIENT = ROOT / "tests" / "clients" / "script"


@pytest.fixture(scope="session")
def script_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that uses `clients/js`, with its packages."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("needs Node with npm (apt-get install nodejs npm)")
    folder = tmp_path_factory.mktemp("npm") / "script"  # two test processes cannot share a folder
    shutil.copytree(SCRIPT_CLIENT, folder, ignore=shutil.ignore_patterns("node_modules"))
    package = folder / "package.json"
    package.write_text(package.read_text().replace("../../../clients/js", str(ROOT / "clients" / "js")))
    words = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm could not fetch the packages: {done.stderr[-200:]}")
    return folder


def bundle(project: Path, source: Path, target: Path) -> None:
    """Bundle a module for browsers; linked packages find React in the project."""
    options = ["--bundle", "--jsx=automatic", "--preserve-symlinks", "--define:process.env.NODE_ENV='production'"]
    words = [project / "node_modules" / ".bin" / "esbuild", source, *options, f"--outfile={target}"]
    subprocess.run(words, cwd=project, check=True, capture_output=True, timeout=120)
