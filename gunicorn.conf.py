"""gunicorn's settings: `gunicorn wsgi:app` reads this file. Its own options and GUNICORN_CMD_ARGS go before it."""

import os
import sys
import tempfile
from pathlib import Path
from shutil import rmtree

from forms_service.config import METRICS_FOLDER, THREADS, load_settings
from forms_service.errors import StartError

try:
    # here too: a worker that cannot start would be started again for ever
    settings = load_settings(Path(__file__).parent)
except StartError as error:
    sys.exit(str(error))

bind = "127.0.0.1:8000"
workers = settings.web_concurrency
worker_class = "gthread"
threads = THREADS
control_socket_disable = True
forwarded_allow_ips = ""  # TRUSTED_PROXIES says whom to believe
secure_scheme_headers = {}
access_log_format = "%(h)s %(m)s %(U)s %(s)s %(D)s"  # without the query; the service logs its own line anyway
graceful_timeout = 30
keepalive = 15

if workers > 1:
    os.environ.setdefault(METRICS_FOLDER, tempfile.mkdtemp(prefix="forms-metrics-"))


def on_starting(server):
    """Say what several processes without Redis mean."""
    if workers > 1 and not settings.redis_url:
        server.log.warning("%s workers without REDIS_URL: rate limits count for each process alone.", workers)


def post_worker_init(worker):
    """Send what waited while the service was down, also when nobody visits it."""
    from forms_service.delivery import background

    if "background" in getattr(worker.wsgi, "extensions", ()):  # the benchmarks serve other apps by this file
        background.start(worker.wsgi)


def child_exit(server, worker):
    """Take the gauges of a process that ended out of the metrics."""
    if workers > 1:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    """Leave nothing behind."""
    if workers > 1:
        rmtree(os.environ[METRICS_FOLDER], ignore_errors=True)
