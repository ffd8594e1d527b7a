"""WSGI entry point in a clone, of `flask run`, `gunicorn wsgi:app` and mod_wsgi."""

from pathlib import Path

from forms_service.entry_point import load_app

app = application = load_app(Path(__file__).parent)
