"""Tests leave alone what an operator has set up in this clone."""

import re
from pathlib import Path

import pytest

from tests.support import servers


@pytest.mark.slow
def test_servers_and_commands_do_not_read_the_env_file_of_this_clone(tmp_path: Path) -> None:
    script = "import pathlib, wsgi; print(pathlib.Path(wsgi.__file__).parent)"
    process = servers.python(tmp_path, script, INSTANCE_PATH=str(tmp_path))
    assert Path(process.stdout.strip()).resolve() == servers.HOME.resolve(), process.stderr
    assert not (servers.HOME / ".env").exists()
    starts_here = re.compile(r"cwd=(servers\.)?ROOT\b|load_settings\((servers\.)?ROOT")
    for file in (servers.ROOT / "tests").rglob("*.py"):
        assert not starts_here.search(file.read_text()), file.name
