"""A TCP proxy before PostgreSQL that counts round trips, and can go silent like a dead network."""

import contextlib
import socket
import threading

from sqlalchemy import make_url

from tests.support.servers import free_port


class PostgresProxy:
    """Passes bytes on until it is frozen."""

    def __init__(self, url: str) -> None:
        target = make_url(url)
        self._target = (target.host or "127.0.0.1", target.port or 5432)
        self.port = free_port()
        self.url = target.set(host="127.0.0.1", port=self.port).render_as_string(hide_password=False)
        self.round_trips = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._sockets: list[socket.socket] = []
        self._last: object = None
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start(self._accept)

    def freeze(self) -> None:
        """Take bytes and connections, and pass nothing on."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass on what came meanwhile, and go on."""
        self._flowing.set()

    def stop(self) -> None:
        """Close everything."""
        self._flowing.set()
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                self._start(self._pass_on, client, server, True)
                self._start(self._pass_on, server, client, False)

    def _pass_on(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                self.round_trips += not asks and self._last is True
                self._last = asks
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    @staticmethod
    def _start(target: object, *words: object) -> None:
        threading.Thread(target=target, args=words, daemon=True).start()  # type: ignore[arg-type]
