"""gunicorn's configuration: `gunicorn -c python:forms_service.gunicorn_conf`; imported by a clone's gunicorn.conf.py.

Command-line options and GUNICORN_CMD_ARGS override it.
"""

import ctypes
import resource
import sys
from pathlib import Path
from shutil import rmtree
from typing import Any

from forms_service.config import THREADS, load_settings, metrics_folder, served_address, share_metrics
from forms_service.cpu_affinity import choose_core, pin_to
from forms_service.errors import StartError
from forms_service.server.balance import Balance, ConnectionCounts
from forms_service.server.worker import Worker

try:
    # checked in the master too, which would otherwise respawn failing workers forever
    settings = load_settings(Path.cwd())
except StartError as error:
    sys.exit(str(error))


M_ARENA_MAX = -8
libc = ctypes.CDLL(None)
if hasattr(libc, "mallopt"):  # glibc would give each thread a heap, of no use under the GIL; two grow by a fifth
    libc.mallopt(M_ARENA_MAX, 1)

MAX_CONNECTIONS = 4000
OTHER_FILES = 300
"""Open files of a process besides connections: database, spools, busy threads."""

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
enough = MAX_CONNECTIONS * 2 + OTHER_FILES  # a slow upload needs a file and a socket
soft = enough if hard == resource.RLIM_INFINITY else min(max(soft, enough), hard)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

Worker.spool_folder = settings.instance_path
Worker.max_body = settings.max_upload_size + settings.max_content_length + 1
Worker.public_scheme = settings.public_url.partition(":")[0]

# platforms that set PORT connect from outside; otherwise a local reverse proxy does
bind = f"0.0.0.0:{settings.port}" if settings.port else "127.0.0.1:8000"
workers = settings.web_concurrency
worker_class = Worker
threads = THREADS
worker_connections = max(THREADS + 1, min(MAX_CONNECTIONS, soft - OTHER_FILES))
connection_counts = ConnectionCounts()
sendfile = False  # would block a thread while a slow client reads
control_socket_disable = True
forwarded_allow_ips = ""  # TRUSTED_PROXIES decides instead
secure_scheme_headers: dict[str, str] = {}
access_log_format = "%(h)s %(m)s %(U)s %(s)s %(D)s"  # without the query
graceful_timeout = 30
keepalive = 15


def on_starting(server: Any) -> None:
    """Record the address for commands, create the shared metrics folder, warn about several workers without Redis."""
    if not settings.production:
        served_address.record_bound(settings.instance_path, server.address, tls=server.cfg.is_ssl)
    if server.cfg.workers > 1:  # -w and GUNICORN_CMD_ARGS override WEB_CONCURRENCY
        share_metrics()
        if not settings.redis_url:
            server.log.warning(
                "%s workers without REDIS_URL: rate limits count for each process alone.", server.cfg.workers
            )
    _import_anew()


def on_reload(server: Any) -> None:
    """Read the settings again at the next reload too."""
    _import_anew()


def _import_anew() -> None:
    sys.modules.pop(__name__, None)  # a reload imports this module once more, which would do nothing


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker a core and a count: here, so that two that start at once do not choose the same."""
    others = server.WORKERS.values()
    worker.core = choose_core([other.core for other in others])
    worker.balance = Balance(connection_counts, [other.balance.slot for other in others])


def post_worker_init(worker: Any) -> None:
    """Pin each worker to its core, and start background work."""
    from forms_service.background import runner
    from forms_service.metrics import REFUSED

    worker.on_refused = REFUSED.inc
    if worker.core is not None:
        pin_to(worker.core)
    if "background" in getattr(worker.application, "extensions", ()):  # benchmarks serve other apps with this file
        runner.start(worker.application)


def child_exit(server: Any, worker: Any) -> None:
    """Remove the count and the gauges of an ended process."""
    worker.balance.leave()
    if server.cfg.workers > 1:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Remove the metrics folder."""
    if server.cfg.workers > 1:
        rmtree(metrics_folder() or "", ignore_errors=True)
