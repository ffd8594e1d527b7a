"""What servers import: `flask run`, `gunicorn wsgi:app` and mod_wsgi find the service here."""

import sys
from pathlib import Path

from forms_service.app import create_app
from forms_service.background import runner
from forms_service.config import load_settings
from forms_service.errors import StartError

WORKER_BOOT_ERROR = 3
"""The exit code by which a worker tells gunicorn that starting it again is of no use."""

try:
    app = application = create_app(load_settings(Path(__file__).parent))
except StartError as error:
    print(error, file=sys.stderr)
    sys.exit(WORKER_BOOT_ERROR)

runner.start_with_server(app)
