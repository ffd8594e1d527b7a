"""The pages for readers, README and `docs/`, as a test reads them: their examples, tables, links and names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers import ROOT

PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = ("sh", "html", "js", "python", "php")
"""Languages whose examples are run; a reason not to stands in a comment before the example."""

FENCE = re.compile(r"(?:<!-- not run: (?P<reason>[^>]+) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)


@dataclass(frozen=True)
class Example:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    reason: str | None
    """Reason for not running it."""

    @property
    def name(self) -> str:
        """Page and line."""
        return f"{self.page.name}:{self.line}"


def examples(page: Path) -> Iterator[Example]:
    """Every fenced block of the page, in order."""
    text = page.read_text()
    for block in FENCE.finditer(text):
        line = text.count("\n", 0, block.start("language")) + 1
        yield Example(page, line, block["language"], block["text"], block["reason"])


def runnable(*languages: str) -> list[Example]:
    """The examples in these languages that run as they stand."""
    listed = [example for page in PAGES for example in examples(page)]
    return [example for example in listed if example.language in languages and not example.reason]


def prose(page: Path) -> str:
    """The page without its blocks."""
    return FENCE.sub("", page.read_text())


def code(page: Path) -> Iterator[str]:
    """Every line of code of the page, in its blocks and in running text."""
    for example in examples(page):
        yield from example.text.splitlines()
    yield from SPAN.findall(prose(page))


def links(page: Path) -> Iterator[str]:
    return iter(LINK.findall(prose(page)))


def anchors(page: Path) -> set[str]:
    """The names of the page's headings in links."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose(page))}


def first_column(page: Path, heading: str) -> list[str]:
    """The code in the first column of the tables under a heading, in order."""
    section = f"\n{page.read_text()}".partition(f"\n{heading}\n")[2]
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.M)[0]
    return [name for row in re.findall(r"^\| (`[^|]*) \|", section, re.M) for name in SPAN.findall(row)]
