"""Where settings come from: the environment, files it names, and `.env`; every fault is kept until all are known."""

import difflib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from environs import Env, EnvValidationError, FileAwareEnv

from forms_service.config import parsers as of

SECRETS = (
    "SECRET_KEY",
    "ENCRYPTION_KEYS",
    "DATABASE_URL",
    "REDIS_URL",
    "SMTP_PASSWORD",
    "METRICS_TOKEN",
    "BOUNCE_TOKEN",
)

OTHERS = ("FLASK_", "GUNICORN_", "PYTHON", "SCRIPT_NAME", "TZ", "LANG", "PATH")
"""Beginnings of names that the server, not the service, reads."""


class Reader(FileAwareEnv):
    """`NAME`, or the file that `NAME_FILE` names; an empty value counts as not set."""

    setting: Any

    def __init__(self) -> None:
        super().__init__(eager=False, strip_whitespace=True)
        self.add_parser("setting", _parse)

    def read_dotenv(self, path: Path) -> None:
        """Take what the environment does not say from this file, if it is there."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            self._errors[path.name].append(f"It must be readable by the service and UTF-8 ({type(error).__name__}).")
            return
        self.take(text, path)

    def take(self, text: str, path: Path) -> None:
        """Take what the environment does not say from the text of such a file."""
        bad = [str(binding.original.line) for binding in parse_stream(io.StringIO(text)) if binding.error]
        if bad:
            self._errors[path.name].append(f"Must be NAME=value, with both quotes if any, in line {', '.join(bad)}.")
        else:
            said = dotenv_values(stream=io.StringIO(text))
            self._environ = {name: value for name, value in said.items() if value is not None}

    def unread(self) -> tuple[str, ...]:
        """Names of the file that nothing has asked for, with what may have been meant."""
        known = {name for asked in self._fields for name in (asked, f"{asked}_FILE")}
        strange = [name for name in self._environ if name not in known and not name.startswith(OTHERS)]
        return tuple(_with_suggestion(name, known) for name in strange)

    def secret_files(self, directory: Path) -> tuple[Path, ...]:
        """The files that secrets are read from by NAME_FILE."""
        named = (Env._get_value(self, f"{name}_FILE", None) for name in SECRETS)
        return tuple(directory / str(path) for path in named if path)

    def problems(self) -> dict[str, list[str]]:
        """What could not be read, by setting."""
        try:
            self.seal()
        except EnvValidationError as error:
            return {name: list(said) for name, said in cast("dict[str, list[str]]", error.error_messages).items()}
        return {}

    def _get_value(self, env_key: str, default: Any) -> Any:
        try:
            value = super()._get_value(env_key, default)
        except (OSError, ValueError):
            self._errors[env_key].append(f"Cannot read the file that {env_key}_FILE names as text.")
            value = Env._get_value(self, env_key, default)
        return default if value == "" else value


def _with_suggestion(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name} (did you mean {near[0]}?)" if near else name


def _parse(raw: str | None, parse: Callable[[str], Any] = of.text) -> Any:
    return None if raw is None else parse(raw)
