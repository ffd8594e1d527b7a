"""Names of audit events that the code records, found in its source."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.servers import ROOT
from tests.support.syntax_trees import nodes_of

PACKAGE = ROOT / "forms_service"
RECORDERS = {"record": 0, "note": 0, "Event": -1}
"""Function → position of the name: those of `audit`, and the model, whose name is a keyword. Callers are added."""

KEYWORDS = {"name", "event"}
"""Parameters that hold the name."""


@dataclass
class Names:
    """Names that the calls record, and calls that a test cannot follow."""

    known: set[str] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)


def recorded() -> Names:
    """Follow each name from the call that records it to the constant, through functions that pass it on."""
    names, recorders, size = Names(), dict(RECORDERS), 0
    files = [file for file in sorted(PACKAGE.rglob("*.py")) if file.name != "audit.py"]
    constants = dict(pair for file in files for pair in _constants(file))
    while size != len(recorders):
        size, names = len(recorders), Names()
        for file in files:
            for function in (node for node in nodes_of(file) if isinstance(node, ast.FunctionDef)):
                _read_calls(file, function, recorders, constants, names)
    return names


def _read_calls(
    file: Path, function: ast.FunctionDef, recorders: dict[str, int], constants: dict[str, str], names: Names
) -> None:
    parameters = [argument.arg for argument in function.args.args]
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        argument = _name_argument(file, call, recorders)
        for value in _alternatives(argument) if argument else ():
            if isinstance(value, ast.Constant):
                names.known.add(str(value.value))
            elif isinstance(value, ast.Name) and value.id in parameters:
                recorders[f"{file}:{function.name}"] = parameters.index(value.id)
                recorders[f"{file.stem}.{function.name}"] = parameters.index(value.id)
                if not function.name.startswith("_"):  # imported by its name
                    recorders[function.name] = parameters.index(value.id)
            elif (reference := ast.unparse(value).rpartition(".")[2]) in constants:
                names.known.add(constants[reference])
            else:
                names.unclear.add(f"{file.relative_to(ROOT)}:{call.lineno} {ast.unparse(value)}")


def _name_argument(file: Path, call: ast.Call, recorders: dict[str, int]) -> ast.expr | None:
    called = ast.unparse(call.func)
    is_audit = called in ("audit.record", "audit.note") or (called == "Event" and "accounts" in file.parts)
    position = recorders[called.rpartition(".")[2]] if is_audit else recorders.get(called)
    position = recorders.get(f"{file}:{called}") if position is None else position
    if position is None or called in RECORDERS.keys() - {"Event"}:
        return None
    if 0 <= position < len(call.args):
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg in KEYWORDS), None)


def _alternatives(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield from (*_alternatives(value.body), *_alternatives(value.orelse))
    else:
        yield value


def _constants(file: Path) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(nodes_of(file)[0]):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from ((target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name))
