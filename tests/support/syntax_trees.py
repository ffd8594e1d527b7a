"""The nodes of source files, parsed once per test process."""

import ast
from functools import cache
from pathlib import Path


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    """Every node of the file, the module first."""
    return tuple(ast.walk(ast.parse(file.read_text())))
