"""gunicorn worker whose event loop does all I/O, so that slow clients hold no thread."""
