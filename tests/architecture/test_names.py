"""The language of the code base: names of modules, bounds and variables, circles and sizes of packages and files."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.servers import ROOT
from tests.support.syntax_trees import nodes_of

PACKAGE = ROOT / "forms_service"
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in FILES}

TERMS = {
    "caching",
    "framing",
    "keyring",
    "mail_rendering",
    "key_ring",
    "parsing",
    "password_hashing",
    "rendering",
    "rate_limiting",
    "storing",
}
"""The field's own terms among the names in -ing."""

BANNED = {"asked", "found", "given", "heard", "kept", "mark", "said", "taken", "told", "wanted"}
"""Names of variables that do not say what these hold."""

MAX_TEST_LINES = 300
MAX_PACKAGE_SHARE = 0.15
BOUND = re.compile(r"_?(MOST|LONGEST|LEAST|LARGEST|SMALLEST|FASTEST|DEEPEST|SHORTEST)(_|$)")


def folder_of(module: str) -> Path | None:
    """The folder of a module, or of the module that defines a name."""
    while module and module not in MODULES:
        module = module.rpartition(".")[0]
    return MODULES[module].parent if module else None


def folder_imports() -> dict[Path, set[Path]]:
    """The folders that each folder imports from; the modules at the top level are no folder's neighbours."""
    imported: dict[Path, set[Path]] = defaultdict(set)
    for file in FILES:
        for node in nodes_of(file):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    folder = folder_of(f"{node.module}.{alias.name}")
                    if folder and PACKAGE not in (folder, file.parent) and folder != file.parent:
                        imported[file.parent].add(folder)
    return imported


def test_no_circle_of_folders() -> None:
    try:
        TopologicalSorter(folder_imports()).prepare()
    except CycleError as error:
        raise AssertionError(" → ".join(str(folder.relative_to(ROOT)) for folder in error.args[1])) from None


def test_modules_are_named_by_nouns() -> None:
    names = {file.stem if file.stem != "__init__" else file.parent.name for file in FILES}
    assert {name for name in names if name.endswith(("ing", "ed"))} - TERMS == set()


def test_bounds_are_named_max_and_min() -> None:
    offenders = []
    for file in FILES:
        module = nodes_of(file)[0]
        assert isinstance(module, ast.Module)
        for node in module.body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            offenders += [f"{file.relative_to(ROOT)}: {name}" for name in names if BOUND.match(name)]
    assert set(offenders) == set()


def bound_name(node: ast.AST) -> str:
    """The name of the variable, attribute, parameter or function that a node binds, else an empty one."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
            return name
        case ast.FunctionDef(name=name) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            return name
    return ""


def banned_names(nodes: Iterable[ast.AST]) -> set[str]:
    return {name for node in nodes if (name := bound_name(node)).strip("_").lower() in BANNED}


@pytest.mark.parametrize("folder", ["forms_service", "tests", "benchmarks"])
def test_variables_say_what_they_hold(folder: str) -> None:
    offenders = {str(file.relative_to(ROOT)): banned_names(nodes_of(file)) for file in (ROOT / folder).rglob("*.py")}
    assert {name: names for name, names in offenders.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "said = 1",
        "for said in (): pass",
        "self._said = 1",
        "SAID: int",
        "lambda *said: 1",
        "def said(): pass",
        "(said := 1)",
        "try: pass\nexcept OSError as said: pass",
    ],
)
def test_a_banned_name_is_noticed_where_it_is_bound(source: str) -> None:
    assert {name.strip("_").lower() for name in banned_names(ast.walk(ast.parse(source)))} == {"said"}
    innocent = source.replace("said", "body").replace("SAID", "BODY")
    assert banned_names(ast.walk(ast.parse(innocent))) == set()


def test_test_files_stay_small() -> None:
    sizes = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in (ROOT / "tests").rglob("*.py")}
    assert {name for name, lines in sizes.items() if lines > MAX_TEST_LINES} == set()


def test_no_package_holds_more_than_its_share() -> None:
    lines: dict[str, int] = defaultdict(int)
    for file in FILES:
        lines[file.relative_to(PACKAGE).parts[0]] += len(file.read_text().splitlines())
    assert [name for name, count in lines.items() if count > MAX_PACKAGE_SHARE * sum(lines.values())] == []
