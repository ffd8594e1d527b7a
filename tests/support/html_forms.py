"""Forms of a page as a browser without a script would send them."""

from collections.abc import Collection
from html.parser import HTMLParser
from typing import Any

from werkzeug.test import TestResponse

from tests.support.console import Visitor

Values = dict[str, Any]


class Forms(HTMLParser):
    """Actions, each with the values of its controls as they are shown, buttons aside."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[tuple[str, Values]] = []
        self.by_id: dict[str, Values] = {}
        self._form: Values = {}
        self._select = self._textarea = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        name = values.get("name", "")
        if tag == "form":
            self._form = {}
            self.all.append((values.get("action", ""), self._form))
            self.by_id[values.get("id", "")] = self._form
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in values or self._select not in self._form):
            self._form[self._select] = values.get("value", "")
        elif tag == "textarea":
            self._textarea, self._form[name] = name, ""
        elif tag == "input" and name and (values.get("type") not in ("checkbox", "radio") or "checked" in values):
            self._add(name, values.get("value", "").replace("\r", "").replace("\n", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = {}
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._textarea:
            self._form[self._textarea] = self._form[self._textarea].removeprefix("\n")
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._form[self._textarea] += data

    def _add(self, name: str, value: str) -> None:
        if name in self._form and name != "csrf_token":
            before = self._form[name]
            self._form[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            self._form[name] = value


def controls_of(html: str, form_id: str) -> dict[str, str]:
    """The controls of the form with that id, with the line ends of a browser; each name comes once."""
    values = Forms(html).by_id[form_id]
    assert not [name for name, value in values.items() if isinstance(value, list)], "a name comes twice"
    return {name: value.replace("\r\n", "\n").replace("\n", "\r\n") for name, value in values.items()}


def shown_values(visitor: Visitor, page: str, action: str) -> Values:
    """The values of the page's first form with that end of its action."""
    return _find(visitor, page, action, ())[1]


def send_form(visitor: Visitor, page: str, action: str, /, **changes: Any) -> TestResponse:
    """Open a page, change controls of one of its forms and send it; None unticks a box."""
    path, values = _find(visitor, page, action, changes)
    fields = {name: value for name, value in {**values, **changes}.items() if value is not None}
    return visitor.post(path, fields)


def _find(visitor: Visitor, page: str, action: str, names: Collection[str]) -> tuple[str, Values]:
    forms = [form for form in Forms(visitor.get(page).text).all if form[0].partition("?")[0].endswith(action)]
    assert forms, f"{page} has no form for {action}"
    return max(forms, key=lambda form: len(form[1].keys() & set(names)))
