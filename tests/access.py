"""The table of docs/access.md, made from the description; `python -m tests.access` writes it anew."""

import json
from typing import Any

from tests.servers import ROOT

PAGE = ROOT / "docs/access.md"
BEGIN, END = "<!-- the table is made by: python -m tests.access -->\n", "<!-- end of the table -->\n"
METHODS = ("get", "post", "patch", "delete")


def table(description: dict[str, Any]) -> str:
    """A line for each operation: what it needs."""
    lines = ["| operation | role | session | scopes of an API key |", "| --- | --- | --- | --- |"]
    for path, operations in description["paths"].items():
        there = [method for method in METHODS if method in operations]
        lines += [f"| `{method.upper()} {path}` | {' | '.join(_needs(operations[method]))} |" for method in there]
    return "\n".join(lines) + "\n"


def _needs(operation: dict[str, Any]) -> tuple[str, str, str]:
    if "x-required-role" not in operation:
        return "–", "–", "–"
    scopes = ", ".join(f"`{scope}`" for scope in operation.get("x-required-scopes", ()))
    return operation["x-required-role"], "yes" if operation["x-session"] else "no", scopes or "none will do"


def page(description: dict[str, Any], text: str) -> str:
    """The page with the table in it."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table(description)}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(json.loads((ROOT / "openapi.json").read_text()), PAGE.read_text()))
