"""The lock files: what `setup.cfg` asks for, in one version each, with hashes."""

import configparser
import re

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.support.servers import ROOT

LOCKS = {"requirements.lock": ("postgres", "redis", "s3"), "requirements-dev.lock": ("test", "browser", "dev")}
FIRST_LINE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)(.*)$", re.MULTILINE)


def locked(name: str) -> dict[str, str]:
    """Package → version."""
    return {package.lower(): version for package, version, _ in FIRST_LINE.findall((ROOT / name).read_text())}


def requirements(*extras: str) -> list[Requirement]:
    """Direct requirements, with those of the extras."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["install_requires"].split("\n")
    for extra in extras:
        lines += config["options.extras_require"][extra].split("\n")
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("forms-service")]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_all_that_is_asked_for(name: str) -> None:
    versions = locked(name)
    for requirement in requirements(*LOCKS[name]):
        version = versions.get(requirement.name.lower().replace("_", "-"))
        assert version, f"{requirement} is not in {name}: tox run -e lock"
        assert Version(version) in requirement.specifier, f"{requirement}, but {version} in {name}: tox run -e lock"


@pytest.mark.parametrize("name", LOCKS)
def test_everything_in_a_lock_has_a_hash(name: str) -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / name).read_text())[1:]
    assert len(blocks) == len(FIRST_LINE.findall((ROOT / name).read_text())) > 40
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_what_is_deployed_is_what_is_tested() -> None:
    tested = locked("requirements-dev.lock")
    assert {name: tested.get(name) for name in locked("requirements.lock")} == locked("requirements.lock")
