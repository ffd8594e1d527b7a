"""gunicorn's configuration in a clone, read by `gunicorn wsgi:app`."""

import os
from pathlib import Path

os.chdir(Path(__file__).parent)  # `.env` and relative paths are the clone's, wherever gunicorn was started

from forms_service.gunicorn_conf import *  # noqa: E402, F403
