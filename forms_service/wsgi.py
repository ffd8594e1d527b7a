"""WSGI entry point of an installed package; `.env` and `instance/` are those of the working directory.

`gunicorn -c python:forms_service.gunicorn_conf forms_service.wsgi:app` or `flask --app forms_service.wsgi run`.
"""

from pathlib import Path

from forms_service.entry_point import load_app

app = application = load_app(Path.cwd())
