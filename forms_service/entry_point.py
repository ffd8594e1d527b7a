"""Loads the app for a server."""

import sys
from pathlib import Path

from flask import Flask

from forms_service.app import create_app
from forms_service.background import runner
from forms_service.config import load_settings
from forms_service.errors import StartError

WORKER_BOOT_ERROR = 3
"""Exit code that keeps gunicorn from respawning the worker."""


def load_app(directory: Path) -> Flask:
    """Return the app with the settings of `directory/.env`; exit with a message if it cannot start."""
    try:
        app = create_app(load_settings(directory))
    except StartError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(WORKER_BOOT_ERROR)
    runner.start_with_server(app)
    return app
