"""Cryptography in the code is that of the inventory in docs/security.md, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.servers import ROOT
from tests.support.syntax_trees import nodes_of

PRIMITIVES = {"AESGCM", "PBKDF2HMAC", "SHA256", "InvalidTag", "Cipher", "algorithms", "modes"}
MODES = {("forms_service/server/spool.py", "algorithms.AES"), ("forms_service/server/spool.py", "modes.CTR")}
"""Of bodies that wait in an unlinked file, under a key that only the process holds."""
HASHES = {"sha256", "sha384", "sha512"}
JITTER = {"forms_service/delivery/schedules.py"}
"""Delays of retries, which need not be unpredictable."""


def sources() -> list[Path]:
    return sorted((ROOT / "forms_service").rglob("*.py"))


def imports() -> Iterator[tuple[str, str, str]]:
    """File, module and name of each import."""
    for file in sources():
        for node in nodes_of(file):
            if isinstance(node, ast.ImportFrom):
                yield from ((str(file.relative_to(ROOT)), node.module or "", alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((str(file.relative_to(ROOT)), alias.name, "") for alias in node.names)


def test_only_listed_primitives_are_imported() -> None:
    named = {name for _, module, name in imports() if module.startswith("cryptography")}
    assert {"AESGCM", "PBKDF2HMAC"} <= named <= PRIMITIVES
    chosen = {
        (str(file.relative_to(ROOT)), name)
        for file in sources()
        for name in re.findall(r"\b(?:algorithms|modes)\.[A-Z]\w+", file.read_text())
        if "hazmat.primitives.ciphers import" in file.read_text()
    }
    assert chosen == MODES
    assert {module for _, module, _ in imports() if module.partition(".")[0] in ("Crypto", "nacl", "rsa")} == set()


def test_no_disallowed_hash_is_used() -> None:
    text = "\n".join(file.read_text() for file in sources())
    named = set(re.findall(r"hashlib\.(\w+)\(", text)) - {"file_digest"} | set(
        re.findall(r'(?:digest|digestmod=|file_digest).{0,40}"(sha\w+|md5)"', text)
    )
    assert {"sha256", "sha512"} <= named <= HASHES
    assert not re.search(r"\bmd5\b|\bsha1\b", text, re.IGNORECASE)


def test_secrets_come_from_the_operating_system() -> None:
    assert {file for file, module, _ in imports() if module == "random"} == JITTER
    text = (ROOT / "forms_service/security/tokens.py").read_text()
    assert "secrets.token_urlsafe(length)" in text
    assert re.search(r"length: int = 32\b", text)
