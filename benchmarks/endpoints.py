"""`python -m benchmarks.endpoints LOG AWAY`: a hundred endpoints of webhooks on loopback, four of them in trouble.

It prints their ports as JSON. A line on standard input makes the one that is away listen after AWAY seconds; the end of
the input ends it. What was accepted is written to LOG, a line each: number of the endpoint, time, `webhook-id`,
submission.
"""

import asyncio
import contextlib
import json
import socket
import sys
import time
from pathlib import Path

COUNT = 100
HANGS, FAILS, CLOSES, AWAY = range(4)
NEVER_WORKING = (HANGS, FAILS, CLOSES)

OK = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\nConnection: close\r\n\r\nbroken"


class Endpoint:
    """One of them, on a port of its own."""

    def __init__(self, number: int, log: Path) -> None:
        self.number = number
        self._log = log
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])

    async def listen(self) -> None:
        await asyncio.start_server(self._answer, sock=self._socket, backlog=100)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if self.number == HANGS:
                while await reader.read(65_536):
                    pass
            elif self.number != CLOSES:
                await self._take(reader, writer)
        writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}
        body = await reader.readexactly(int(headers["content-length"]))
        if self.number != FAILS:
            submission = json.loads(body)["data"]["id"]
            with self._log.open("a") as log:
                log.write(f"{self.number} {time.time():.6f} {headers['webhook-id']} {submission}\n")
        writer.write(BROKEN if self.number == FAILS else OK)
        await writer.drain()


async def main(log: Path, away: float) -> None:
    endpoints = [Endpoint(number, log) for number in range(COUNT)]
    for endpoint in endpoints:
        if endpoint.number != AWAY:
            await endpoint.listen()
    print(json.dumps([endpoint.port for endpoint in endpoints]), flush=True)
    if await asyncio.to_thread(sys.stdin.readline):
        await asyncio.sleep(away)
        await endpoints[AWAY].listen()
        await asyncio.to_thread(sys.stdin.read)  # until whoever started it is gone


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
