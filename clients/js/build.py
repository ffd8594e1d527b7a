"""Build the scripts that the service serves: `python clients/js/build.py`.

Modules are concatenated in a function; nothing is renamed, so that the served script can be read.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
SERVICE = HERE.parents[1] / "forms_service"
SHARED = ("words", "altcha", "client", "errors", "pending", "page")
LINES = re.compile(r"^import .*$|^\s*//.*$|^/\*\*.*\*/$| +// .*$|^\s+", re.MULTILINE)
"""Dropped: imports, comments and indentation. No string of the sources holds two slashes after a blank."""

HEAD = "// Part of forms_service, MIT licence. Made from clients/js/src by clients/js/build.py.\n"


def _join(names: tuple[str, ...]) -> str:
    text = "\n".join((HERE / "src" / f"{name}.js").read_text() for name in names)
    bare = re.sub(r"^export ", "", LINES.sub("", text), flags=re.MULTILINE)
    return re.sub(r"\n+", "\n", bare).strip()


def build() -> dict[Path, str]:
    """Return the text of each served file."""
    forms = _join((*SHARED, "forms"))
    embed = _join((*SHARED, "forms", "embed"))
    return {
        SERVICE / "static" / "forms.js": f'{HEAD}(() => {{\n"use strict";\n{forms}\n}})();\n',
        # the service adds the definition of a form, and the closing parenthesis
        SERVICE
        / "templates"
        / "forms"
        / "embed.js": f'{HEAD}((definition) => {{\n"use strict";\n{embed}\nembed(definition);\n}})(',
    }


if __name__ == "__main__":
    for file, text in build().items():
        file.write_text(text)
        sys.stdout.write(f"{file.relative_to(SERVICE.parent)}: {len(text)} bytes\n")
