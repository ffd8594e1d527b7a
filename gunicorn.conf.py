"""gunicorn's settings: `gunicorn wsgi:app` reads this file. Its own options and GUNICORN_CMD_ARGS go before it."""

import ctypes
import os
import sys
import tempfile
from pathlib import Path
from shutil import rmtree
from wsgiref.util import setup_testing_defaults

from gunicorn import util
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from forms_service.config import METRICS_FOLDER, THREADS, load_settings
from forms_service.errors import StartError
from forms_service.processor import stay_on_one_core

try:
    # here too: a worker that cannot start would be started again for ever
    settings = load_settings(Path(__file__).parent)
except StartError as error:
    sys.exit(str(error))


class Worker(ThreadWorker):
    """gthread that lets the service answer what is no HTTP: gunicorn's own answer and log line repeat what was sent."""

    def handle_error(self, req, client, addr, exc):
        """Answer with the headers and in the shape of every other answer; log no query."""
        if not isinstance(exc, ParseException):
            super().handle_error(None, client, addr, exc)
            return
        remote = addr[0] if addr else ""  # nothing on a Unix socket
        environ = {"REQUEST_METHOD": "-", "PATH_INFO": "/*", "REMOTE_ADDR": remote, "forms_service.unreadable": True}
        environ["wsgi.url_scheme"] = settings.public_url.partition(":")[0]  # unread, it says nothing of TLS itself
        setup_testing_defaults(environ)
        head = []
        body = b"".join(self.wsgi(environ, lambda *said: head.extend(said)))
        lines = [f"HTTP/1.1 {head[0]}", *(f"{name}: {value}" for name, value in head[1]), "", ""]
        try:
            util.write_nonblock(client, "\r\n".join(lines).encode("latin-1") + body)
        except OSError:
            self.log.debug("Whoever sent it has gone.")


M_ARENA_MAX = -8
libc = ctypes.CDLL(None)
if hasattr(libc, "mallopt"):  # of glibc, which would give threads heaps of their own: 8 MB, for one interpreter's lock
    libc.mallopt(M_ARENA_MAX, 2)

# hosts that give a PORT come in from outside; without one, a reverse proxy on this machine does
bind = f"0.0.0.0:{settings.port}" if settings.port else "127.0.0.1:8000"
workers = settings.web_concurrency
worker_class = Worker
threads = THREADS
control_socket_disable = True
forwarded_allow_ips = ""  # TRUSTED_PROXIES says whom to believe
secure_scheme_headers = {}
access_log_format = "%(h)s %(m)s %(U)s %(s)s %(D)s"  # without the query; the service logs its own line anyway
graceful_timeout = 30
keepalive = 15


def on_starting(server):
    """Give the metrics of several processes a fresh folder, and say what several without Redis mean."""
    if server.cfg.workers > 1:  # -w and GUNICORN_CMD_ARGS go before WEB_CONCURRENCY
        os.environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix="forms-metrics-", dir=os.environ.get(METRICS_FOLDER))
        if not settings.redis_url:
            server.log.warning(
                "%s workers without REDIS_URL: rate limits count for each process alone.", server.cfg.workers
            )


def post_worker_init(worker):
    """Keep to one core where there is one worker, and send what waited while the service was down."""
    from forms_service.delivery import background

    if worker.cfg.workers == 1:
        stay_on_one_core()
    if "background" in getattr(worker.wsgi, "extensions", ()):  # the benchmarks serve other apps by this file
        background.start(worker.wsgi)


def child_exit(server, worker):
    """Take the gauges of a process that ended out of the metrics."""
    if server.cfg.workers > 1:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    """Leave nothing behind."""
    if server.cfg.workers > 1:
        rmtree(os.environ[METRICS_FOLDER], ignore_errors=True)
