"""The gunicorn worker: an event loop reads requests and writes responses, so that slow clients hold no thread."""
