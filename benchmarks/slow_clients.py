"""`python -m benchmarks.slow_clients [SECONDS]`: others' latency while many clients are slow.

500 silent, 500 trickling and 200 slowly reading clients, before bare gunicorn, nginx and Caddy with the files of
`deploy/`; meanwhile 8 others send a form and ask for its page. The p99 of the others has to be under 200 ms.
"""

import asyncio
import functools
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load
from benchmarks.servers import running
from benchmarks.submissions import EVERYTHING_ON, make_form, submission
from tests.support.reverse_proxies import Proxy, program

ENOUGH = 200.0
SILENT, TRICKLING, READING = 500, 500, 200
PAUSE = 0.05
"""Seconds between two requests of one of the others: they are visitors, not a flood."""

OTHERS = 8
WARM_UP = 10
"""Seconds in which 1,200 clients connect."""


async def silent(port: int) -> None:
    """Connect, and say nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.read()
    writer.close()


async def trickling(port: int, path: str, in_body: bool) -> None:
    """Send a byte a second, of the head or of the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
    writer.write(
        f"{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n".encode() if in_body else head.encode()
    )
    while not reader.at_eof() and not writer.is_closing():
        await asyncio.sleep(1)
        writer.write(b"a")
        await writer.drain()


async def reading(port: int) -> None:
    """Ask for megabytes, and read a little each second."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(load.get("/api/openapi.json") * 30)
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a socket's transport
    await asyncio.sleep(3600)


def crowd(port: int, path: str, crowded: str) -> None:
    """All slow clients, in a process of their own; each that is cut off comes again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    asyncio.run(_crowd(port, path, crowded))


async def _crowd(port: int, path: str, crowded: str) -> None:
    async def again(make: Callable[[], "asyncio.Future[None]"]) -> None:
        while True:
            try:
                await make()
            except OSError:
                await asyncio.sleep(0.1)

    makers = [functools.partial(silent, port)] * SILENT
    makers += [functools.partial(trickling, port, path, number % 2 == 0) for number in range(TRICKLING)]
    makers += [functools.partial(reading, port)] * READING
    tasks = [asyncio.ensure_future(again(make)) for make in makers]  # type: ignore[arg-type]
    await asyncio.to_thread(_wait_until_gone, Path(crowded))
    for task in tasks:
        task.cancel()


def _wait_until_gone(crowded: Path) -> None:
    while crowded.exists():
        time.sleep(0.2)


def main(seconds: float = 10) -> None:
    missed = []
    print(f"{'':12}{'clients':>10}{'per second':>12}{'p50 ms':>10}{'p99 ms':>10}{'failed':>8}")
    for name in ("gunicorn", "nginx", "caddy"):
        if name != "gunicorn" and not program(name):
            print(f"{name:12}is not installed")
            continue
        for slow in (False, True):
            p99 = measure(name, seconds, slow=slow)
            missed += [name] if slow and p99 > ENOUGH else []
    if missed:
        raise SystemExit(f"others wait for slow clients: {', '.join(missed)}")


def measure(name: str, seconds: float, *, slow: bool) -> float:
    """The p99 of the others in milliseconds."""
    with ExitStack() as stack, load.pool() as pool:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        path = f"/f/{make_form(folder)}"
        settings = {
            **EVERYTHING_ON,
            "INSTANCE_PATH": str(folder),
            "TRUSTED_PROXIES": "0" if name == "gunicorn" else "1",
        }
        server = stack.enter_context(running("wsgi:app", "/health/live", log=folder / "log", **settings))
        port = server.port
        if name != "gunicorn":
            proxy = Proxy(name, folder, server.port)
            stack.callback(proxy.stop)
            port = proxy.port
        crowded = folder / "crowded"
        if slow:
            crowded.touch()
            pool.submit(crowd, port, path, str(crowded))
        request = functools.partial(submission, path)
        try:
            if slow:
                load.start(pool, port, request, clients=1, seconds=WARM_UP, pause=PAUSE).result()
            result = load.start(pool, port, request, clients=OTHERS, seconds=seconds, pause=PAUSE).result()
        finally:  # the slow ones stay as long as there is the file, and the pool waits for them
            crowded.unlink(missing_ok=True)
        failed = len(result.latencies) - result.count()
        count = SILENT + TRICKLING + READING if slow else 0
        p50, p99 = result.percentile(50), result.percentile(99)
        print(f"{name:12}{count:10}{result.per_second():12.0f}{p50:10.1f}{p99:10.1f}{failed:8}", flush=True)
        return p99


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
