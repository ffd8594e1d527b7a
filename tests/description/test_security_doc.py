"""docs/security.md: each requirement of ASVS 5.0, levels 1 and 2, once, and each test that it names exists."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.support.servers import ROOT

PAGE = ROOT / "docs/security.md"
IDS = Path(__file__).with_name("asvs-5.0.0.csv")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)
SUMMARY = re.compile(r"^\| ([12]) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
ANSWERS = ("met", "not met", "not applicable")
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.\w+|deploy/\w+|\.ci/run|requirements\.lock|openapi\.json)(::[\w:]+)?`")
PLACE = re.compile(r"`[\w./:-]+`|\]\([\w./-]*#?[\w-]*\)")


def rows() -> list[tuple[str, ...]]:
    return ROW.findall(PAGE.read_text())


@cache
def functions_in(file: str) -> frozenset[str]:
    """Names as pytest takes them: `test_x`, and `TestY::test_x`."""
    tree = ast.parse((ROOT / file).read_text())
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return frozenset(name for name in names if re.search(r"(^|::)test_\w+$", name))


def test_each_requirement_is_answered_once() -> None:
    lines = [line for line in IDS.read_text().splitlines() if not line.startswith("#")][1:]
    levels = dict(line.split(",") for line in lines)
    assert Counter(levels.values()) == {"1": 70, "2": 183}
    assert [number for number, count in Counter(row[0] for row in rows()).items() if count > 1] == []
    assert {row[0]: row[1] for row in rows()} == levels


def test_each_answer_says_where_or_why() -> None:
    for number, _, short, answer, place in rows():
        assert answer in ANSWERS, number
        assert short.strip(), number
        assert PLACE.search(place) if answer == "met" else len(place) > 4, number


def test_the_counts_are_those_of_the_rows() -> None:
    counts = Counter((row[1], row[3]) for row in rows())
    shown = {level: tuple(map(int, numbers)) for level, *numbers in SUMMARY.findall(PAGE.read_text())}
    assert shown == {level: tuple(counts[level, answer] for answer in ANSWERS) for level in ("1", "2")}


@pytest.mark.parametrize("page", ["docs/security.md", "docs/measured.md", "docs/operations.md"])
def test_each_file_and_test_that_is_named_exists(page: str) -> None:
    named = FILE.findall((ROOT / page).read_text())
    assert [file for file, _ in named if not (ROOT / file).exists()] == []
    tests = {(file, test[2:]) for file, test in named if test}
    assert [f"{file}::{name}" for file, name in sorted(tests) if name not in functions_in(file)] == []


def test_the_names_are_those_that_pytest_takes() -> None:
    assert "test_each_requirement_is_answered_once" in functions_in("tests/description/test_security_doc.py")
    assert "TestPassword::test_is_changed" in functions_in("tests/console/account/test_credentials.py")
    assert len({test for _, test in FILE.findall(PAGE.read_text()) if test}) > 150
