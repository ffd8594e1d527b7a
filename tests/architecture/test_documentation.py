"""README and docs name only what there is, and leave nothing out that a reader looks up."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import marshmallow as ma
import pytest
from flask import Flask
from flask.cli import FlaskGroup
from prometheus_client.metrics import MetricWrapperBase

from forms_service import metrics
from forms_service.config import setting_names
from forms_service.form_schema.definition import RULES, Field
from forms_service.form_schema.field_types import FIELD_TYPES
from forms_service.form_schema.special_fields import BACK, RESERVED, STARTED
from forms_service.forms.schemas import FormSettingsSchema
from forms_service.spam.checks import CHECKS
from forms_service.submissions.events import EVENTS
from forms_service.submissions.models import REFUSALS
from forms_service.webhooks.formats import FORMATS
from tests.support.documentation import PAGES, anchors, code, first_column, links
from tests.support.servers import ROOT
from tests.support.syntax_trees import nodes_of

FORMS = ROOT / "docs/forms.md"
HEADINGS = {page.resolve(): anchors(page) for page in PAGES}
OTHERS = re.compile(r"CURL(OPT|INFO)_|APACHE_|TEST_|GUNICORN_|FLASK_|KILL_|POSTGRES_|YOUR_|NAME_FILE$")
"""Names in capitals that are no settings of the service."""

ARGUMENT = re.compile(r"\$?\{\w+\}|\$\w+|(?<=/)1$")
"""A placeholder in a path."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
class TestEachPage:
    def test_links_lead_somewhere(self, page: Path) -> None:
        for link in links(page):
            if link.startswith(("http://", "https://")):
                continue
            file, _, anchor = link.partition("#")
            target = (page.parent / file).resolve() if file else page.resolve()
            assert target.exists(), link
            assert not anchor or anchor in HEADINGS[target], link

    def test_settings_are_read(self, page: Path) -> None:
        named = {name for text in code(page) for name in re.findall(r"(?<![\w.$-])([A-Z]+(?:_[A-Z]+)+)\b", text)}
        readable = {*setting_names(), *(f"{name}_FILE" for name in setting_names())}
        assert {name for name in named if not OTHERS.match(name)} <= readable

    def test_commands_exist(self, page: Path, flask_command: click.Context) -> None:
        for text in code(page):
            for words in re.findall(r"\bflask((?: [a-z]+)+)", text.partition("#")[0]):
                command, context = _find_command(flask_command, words.split())
                options = re.findall(r"(?<=[ \[])(--[a-z-]+)", text.partition(f"flask{words}")[2].split("flask ")[0])
                known = {name for parameter in command.get_params(context) for name in parameter.opts}
                assert set(options) <= known or command.name == "run", text

    def test_routes_exist(self, page: Path, routes: dict[str, set[str]]) -> None:
        for text in code(page):
            for method, path in re.findall(
                r"(?:\b(GET|POST|PATCH|DELETE) )?(?<![\w.])(/(?:api|health)[\w/{}…$-]*)", text
            ):
                plain = ARGUMENT.sub("{}", path).rstrip("/")
                assert plain in routes or plain in ("/api", "/api/docs"), text
                assert not method or method in routes[plain], text


@pytest.fixture(scope="module")
def routes() -> dict[str, set[str]]:
    """Path without names of its parameters → methods."""
    document = json.loads((ROOT / "openapi.json").read_text())
    return {
        re.sub(r"\{\w+\}", "{}", path): {method.upper() for method in operations}
        for path, operations in document["paths"].items()
    }


def _find_command(root: click.Context, words: list[str]) -> tuple[click.Command, click.Context]:
    """The command that the words lead to; what is left of them are arguments."""
    command, context = root.command, root
    for word in words:
        if not isinstance(command, click.Group):
            break
        subcommand = command.get_command(context, word)
        assert subcommand, f"flask {' '.join(words)}"
        command, context = subcommand, click.Context(subcommand, parent=context, info_name=word)
    return command, context


@pytest.fixture
def flask_command(shared_app: Flask) -> Iterator[click.Context]:
    """`flask` for an app of the test; Flask leaves the app's context open until this one is closed."""
    with click.Context(FlaskGroup(create_app=lambda: shared_app), info_name="flask") as root:
        yield root


def test_every_type_of_field_is_described_with_its_rules() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^\n]*? \|([^|\n]*)\|$", FORMS.read_text(), re.M)
    described = {name: tuple(re.findall(r"`(\w+)`", rules)) for name, rules in rows if name in FIELD_TYPES}
    assert described == {name: kind.rules for name, kind in FIELD_TYPES.items()}


def test_every_part_of_a_field_is_described() -> None:
    named = set(first_column(FORMS, "## Fields")) - set(FIELD_TYPES)
    assert named == set(Field().fields)
    assert set(RULES) <= named


def test_every_setting_of_a_form_is_described_with_its_default() -> None:
    assert set(first_column(FORMS, "## Settings")) == set(FormSettingsSchema().fields)
    rows = dict(re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", FORMS.read_text().partition("## Settings")[2], re.M))
    for cell, default in rows.items():
        for name in re.findall(r"`(\w+)`", cell):
            field: ma.fields.Field[object] = FormSettingsSchema().fields[name]
            known = field.load_default() if callable(field.load_default) else field.load_default
            shown = default.partition(":")[0].strip("` ")
            words = {"[]": [], "null": None, "false": False, "empty": {}}
            assert words.get(shown, shown) == known, name


def test_every_special_name_is_described() -> None:
    section = (ROOT / "docs/pages.md").read_text().partition("## Plain HTML")[2].partition("## Files")[0]
    assert {name for name in RESERVED - {STARTED, BACK} if f"`{name}`" not in section} == set()


def test_every_code_of_a_field_is_described() -> None:
    described = first_column(ROOT / "docs/pages.md", "### Codes")
    kinds = [kind({"name": "x", "type": name, "choices": ["a"]}) for name, kind in FIELD_TYPES.items()]
    messages = {code for kind in kinds for code in kind.error_messages} - {"null", "validator_failed"}
    assert messages <= set(described)
    source = "\n".join(file.read_text() for file in (ROOT / "forms_service").rglob("*.py"))
    assert [code for code in described if f'"{code}"' not in source] == []


def test_every_reason_is_described() -> None:
    page = ROOT / "docs/submissions.md"
    assert first_column(page, "## Statistics") == list(REFUSALS)
    assert first_column(page, "## Spam") == [*CHECKS, "infected", "challenge_unavailable"]


def test_every_event_and_format_of_webhooks_is_described() -> None:
    page = ROOT / "docs/webhooks.md"
    assert first_column(page, "# Webhooks") == list(EVENTS)
    assert set(first_column(page, "## Formats")) == set(FORMATS)


def test_every_command_has_a_row(flask_command: click.Context) -> None:
    rows = " ".join(first_column(ROOT / "docs/administration.md", "## Commands"))
    for group in ("accounts", "forms", "submissions", "keys", "mail", "cache"):
        command, context = _find_command(flask_command, [group])
        assert isinstance(command, click.Group)
        for name in command.list_commands(context):
            assert f"flask {group} {name}" in rows.replace(" / ", f"` `flask {group} ")
    for name in ("worker", "doctor", "setup", "encrypt", "decrypt", "db upgrade", "openapi write"):
        assert f"flask {name}" in rows


def test_every_metric_is_described() -> None:
    collectors = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    ours = {metric.name for collector in collectors for metric in collector.describe()}
    page = (ROOT / "docs/operations.md").read_text()
    named = set(re.findall(r"\bforms_[a-z_]+?(?=_(?:total|bucket|count)\b|[`{) \[])", page)) - {"forms_service"}
    assert named == ours


def test_messages_in_troubleshooting_are_those_of_the_service() -> None:
    others = {"ModuleNotFoundError", "Address already in use", "No such command"}
    texts = "\n".join(_texts())
    page = (ROOT / "docs/troubleshooting.md").read_text()
    cells = re.findall(r"^\| ([^|]*) \|", page, re.M)
    messages = {message for cell in cells for message in re.findall(r"`([^`]+)`", cell) if " " in message}
    assert len(messages) > 25
    assert {m for m in messages - others if m not in texts and not m.startswith(('"', "refusals."))} == set()


def _texts() -> Iterator[str]:
    """Every text in the code, with {} for what is filled in."""
    for file in (ROOT / "forms_service").rglob("*.py"):
        for node in nodes_of(file):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
