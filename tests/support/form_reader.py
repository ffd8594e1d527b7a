"""What a browser sends of a form in an HTML page: name and value of each control, in the page's order."""

from html.parser import HTMLParser
from typing import Any

VOID = {"checkbox", "radio"}


class FormReader(HTMLParser):
    """Controls of the form with that id; buttons are not pressed."""

    def __init__(self, html: str, form_id: str) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []
        self._form_id, self._is_inside = form_id, False
        self._select: tuple[str, list[str], list[str]] | None = None
        self._textarea: tuple[str, list[str]] | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values: dict[str, Any] = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = values.get("id") == self._form_id
        if not self._is_inside:
            return
        if tag == "input" and "name" in values and (values.get("type") not in VOID or "checked" in values):
            self.pairs.append((values["name"], values.get("value", "").replace("\r", "").replace("\n", "")))
        elif tag == "select":
            self._select = (values["name"], [], [])
        elif tag == "option" and self._select:
            self._select[1 if "selected" in values else 2].append(values.get("value", ""))
        elif tag == "textarea":
            self._textarea = (values["name"], [])

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._textarea[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        elif tag == "select" and self._select:
            name, selected, others = self._select
            self.pairs.append((name, (selected or others)[0]))
            self._select = None
        elif tag == "textarea" and self._textarea:
            name, pieces = self._textarea
            text = "".join(pieces).replace("\r\n", "\n").removeprefix("\n")
            self.pairs.append((name, text.replace("\n", "\r\n")))
            self._textarea = None


def controls_of(html: str, form_id: str) -> dict[str, str]:
    """Name → value; a form of ours has each name once."""
    pairs = FormReader(html, form_id).pairs
    controls = dict(pairs)
    assert len(controls) == len(pairs), "a name comes twice"
    return controls
