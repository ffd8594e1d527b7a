"""gunicorn worker whose event loop does all I/O: slow clients hold no thread."""
