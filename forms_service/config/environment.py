"""Settings from the environment, files it names, and `.env`; collects faults."""

import difflib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from environs import Env, EnvValidationError, FileAwareEnv

from forms_service.config import parsers as of

SECRET_NAMES = (
    "SECRET_KEY",
    "ENCRYPTION_KEYS",
    "DATABASE_URL",
    "REDIS_URL",
    "SMTP_PASSWORD",
    "METRICS_TOKEN",
    "BOUNCE_TOKEN",
)

FOREIGN_PREFIXES = ("FLASK_", "GUNICORN_", "PYTHON", "SCRIPT_NAME", "TZ", "LANG", "PATH")
"""Read by the server."""


class Reader(FileAwareEnv):
    """Reads `NAME` or the file in `NAME_FILE`; empty counts as unset."""

    setting: Any

    def __init__(self) -> None:
        super().__init__(eager=False, strip_whitespace=True)
        self.add_parser("setting", _parse)

    def read_dotenv(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            self._errors[path.name].append(f"It must be readable by the service and UTF-8 ({type(error).__name__}).")
            return
        self.parse_dotenv(text, path)

    def parse_dotenv(self, text: str, path: Path) -> None:
        bad_lines = [str(binding.original.line) for binding in parse_stream(io.StringIO(text)) if binding.error]
        if bad_lines:
            self._errors[path.name].append(
                f"Must be NAME=value, with both quotes if any, in line {', '.join(bad_lines)}."
            )
        else:
            values = dotenv_values(stream=io.StringIO(text))
            self._environ = {name: value for name, value in values.items() if value is not None}

    def unknown_names(self) -> tuple[str, ...]:
        known_names = {name for name in self._fields for name in (name, f"{name}_FILE")}
        unknown = [name for name in self._environ if name not in known_names and not name.startswith(FOREIGN_PREFIXES)]
        return tuple(_with_suggestion(name, known_names) for name in unknown)

    def secret_files(self, directory: Path) -> tuple[Path, ...]:
        named = (Env._get_value(self, f"{name}_FILE", None) for name in SECRET_NAMES)
        return tuple(directory / str(path) for path in named if path)

    def problems(self) -> dict[str, list[str]]:
        try:
            self.seal()
        except EnvValidationError as error:
            return {
                name: list(messages) for name, messages in cast("dict[str, list[str]]", error.error_messages).items()
            }
        return {}

    def _get_value(self, env_key: str, default: Any) -> Any:
        try:
            value = super()._get_value(env_key, default)
        except (OSError, ValueError):
            self._errors[env_key].append(f"Cannot read the file that {env_key}_FILE names as text.")
            value = Env._get_value(self, env_key, default)
        return default if value == "" else value


def _with_suggestion(name: str, known_names: set[str]) -> str:
    matches = difflib.get_close_matches(name, known_names, n=1)
    return f"{name} (did you mean {matches[0]}?)" if matches else name


def _parse(raw: str | None, parse: Callable[[str], Any] = of.text) -> Any:
    return None if raw is None else parse(raw)
