"""The instance folder and its secrets, created on first start, readable by the owner only."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from forms_service.config import secret_values
from forms_service.security import generate_key

EMBEDDED_DATABASE = "forms.db"


def create_folder(path: Path, problems: dict[str, list[str]]) -> None:
    """Create it for its owner; add faults to `problems`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        problems["INSTANCE_PATH"] = [f"The service cannot create or write to this folder ({type(error).__name__})."]


def load_secrets(settings: dict[str, Any], problems: dict[str, list[str]]) -> None:
    """Load the keys unless set; generate missing ones, but never in production."""
    for name, parse in (("SECRET_KEY", secret_values.secret_key), ("ENCRYPTION_KEYS", secret_values.encryption_keys)):
        if settings[name.lower()] is None and not {name, "INSTANCE_PATH"} & set(problems):
            path = settings["instance_path"] / name.lower()
            may_create = settings["environment"] != "production" and not _is_in_use(settings)
            try:
                settings[name.lower()] = _read_or_create(path, parse, may_create=may_create)
            except ValidationError as error:
                problems[name] = list(error.messages)


def _is_in_use(settings: dict[str, Any]) -> bool:
    # a new key could not decrypt an existing database
    database = settings["instance_path"] / EMBEDDED_DATABASE
    return bool(settings["embedded"]) and database.is_file() and database.stat().st_size > 0


def _read_or_create(path: Path, parse: Callable[[str], Any], *, may_create: bool) -> Any:
    try:
        if not path.exists() and may_create:
            _create(path)
        return parse(path.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        raise ValidationError(
            "Set it to the value the database was made with; if it is new, to the output of: flask keys generate."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationError(
            f"The service must be able to write to INSTANCE_PATH ({type(error).__name__})."
        ) from error


def _create(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(generate_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:  # another process was first
        pass
    finally:
        draft.unlink(missing_ok=True)
