"""WSGI entry point of `flask run`, `gunicorn wsgi:app` and mod_wsgi."""

import sys
from pathlib import Path

from forms_service.app import create_app
from forms_service.background import runner
from forms_service.config import load_settings
from forms_service.errors import StartError

WORKER_BOOT_ERROR = 3
"""Exit code that keeps gunicorn from respawning the worker."""

try:
    app = application = create_app(load_settings(Path(__file__).parent))
except StartError as error:
    print(error, file=sys.stderr)
    sys.exit(WORKER_BOOT_ERROR)

runner.start_with_server(app)
