"""Rules for the code base as a whole: floors, guards, limits, migrations, sizes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from forms_service.config import setting_names
from forms_service.database import migrations
from forms_service.encryption.rotation import encrypted_columns
from forms_service.extensions import db
from forms_service.rate_limiting.limits import LIMITS
from tests.support.servers import ROOT
from tests.support.syntax_trees import nodes_of

PACKAGE = ROOT / "forms_service"

FLOORS = (
    ("wsgi", "gunicorn_conf"),
    ("cli", "entry_point"),
    ("commands",),
    ("setup_command",),
    ("app",),
    ("request_lifecycle",),
    ("console",),
    ("backup",),
    ("health",),
    ("privacy",),
    ("imports",),
    ("intake",),
    ("inbox",),
    ("spam",),
    ("webhooks",),
    ("replies",),
    ("notifications",),
    ("submissions",),
    ("uploads",),
    ("forms",),
    ("accounts",),
    ("delivery",),
    ("background",),
    ("rate_limiting",),
    ("web",),
    ("caching",),
    ("encryption",),
    ("database",),
    ("form_schema",),
    ("file_store", "virus_scanner"),
    ("redis_client",),
    ("outbound",),
    ("validation",),
    ("config",),
    (
        "extensions",
        "security",
        "logs",
        "metrics",
        "errors",
        "signals",
        "captchas",
        "circuit_breaker",
        "cpu_affinity",
        "server",
    ),
    ("languages",),
)
"""The rooms from the top floor to the ground: each imports only from floors below its own."""

FLOOR = {room: number for number, rooms in enumerate(reversed(FLOORS)) for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))


def room(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """The rooms of ours that a file imports from, and where."""
    for node in nodes_of(file):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "forms_service" and parts[1] != "__version__":
                yield parts[1], node.lineno


def test_a_room_imports_only_from_lower_floors() -> None:
    upward = [
        f"{file.relative_to(ROOT)}:{line} imports {there}, which is not below"
        for file in FILES
        if (here := room(file)) != "__init__"
        for there, line in imports(file)
        if there != here and FLOOR[there] >= FLOOR[here]
    ]
    assert upward == []


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in FILES
        if room(file) != "gunicorn_conf"  # prometheus_client decides on import whether one process counts or several
        for function in nodes_of(file)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_only_config_reads_the_environment() -> None:
    readers = {room(file) for file in FILES if re.search(r"os\.(environ|getenv)", file.read_text())}
    assert readers <= {"config", "setup_command"}


def test_security_and_validation_are_pure() -> None:
    for file in FILES:
        if room(file) in ("security", "validation", "form_schema", "languages"):
            assert not re.search(r"^(from|import) (flask|sqlalchemy)", file.read_text(), re.MULTILINE), file


def test_views_know_no_database_and_services_no_request() -> None:
    for file in FILES:
        source = file.read_text()
        if file.name == "views.py":
            assert "sqlalchemy" not in source, file
            assert "commit" not in source, file
        if file.name == "service.py":
            assert not re.search(r"^(from|import) flask", source, re.MULTILINE), file


def test_files_and_functions_stay_small() -> None:
    for file in FILES:
        assert file.read_text().count("\n") <= 300, file
        for node in nodes_of(file):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= 50, f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"


def test_the_factory_is_a_table_of_contents() -> None:
    (factory,) = [
        node for node in ast.parse((PACKAGE / "app.py").read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    assert (factory.end_lineno or 0) - factory.lineno + 1 <= 40


def test_every_route_says_who_may_call_it_and_what_it_counts_against(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        assert getattr(view, "guarded_by", None), f"{rule.rule} says public or has no guard"
        limited = getattr(view, "rate_limits", None) or rule.rule.startswith("/api/")
        assert limited or getattr(view, "unlimited", None), f"{rule.rule} has a limit or says why not"


def test_routes_use_limits_of_the_list(app: Flask) -> None:
    for endpoint, view in app.view_functions.items():
        for limit in getattr(view, "rate_limits", ()):
            assert LIMITS.get(limit.name) is limit, f"{endpoint} has numbers of its own"


def test_every_limit_is_documented() -> None:
    page = (ROOT / "docs/limits.md").read_text()
    assert [name for name in LIMITS if f"`{name}`" not in page] == []


def test_there_is_one_head_of_migrations() -> None:
    assert len(ScriptDirectory(str(migrations.DIRECTORY)).get_heads()) == 1


def test_models_match_migrations(app_on_each_db: Flask) -> None:
    with app_on_each_db.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, db.metadata) == []


def test_migrations_go_down_and_up_again(app_on_each_db: Flask) -> None:
    with app_on_each_db.app_context():
        migrations.downgrade("base")
        assert migrations.revision() is migrations.Revision.PENDING
        migrations.upgrade()
        assert migrations.revision() is migrations.Revision.CURRENT


def test_an_encrypted_value_is_bound_to_the_column_it_is_in() -> None:
    for table, columns in encrypted_columns().items():
        for column in columns:
            assert column.type.context == f"{table.name}.{column.name}"


def test_the_readme_draws_the_floors() -> None:
    drawn = (ROOT / "README.md").read_text()
    names = [name for rooms in FLOORS[:-1] for name in rooms]
    matches = [re.search(rf"^  {name}(\.py|/)", drawn, re.MULTILINE) for name in names]
    positions = [match.start() for match in matches if match]
    assert len(positions) == len(names)
    assert positions == sorted(positions)


def test_every_setting_is_described() -> None:
    described = (ROOT / "docs" / "settings.md").read_text()
    names = setting_names()
    assert len(names) > 40
    assert [name for name in names if f"`{name}`" not in described] == []
