"""A website at another origin whose pages use the service."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.servers import ROOT
from tests.support.web_server import serve_in_thread

PAGES = ROOT / "tests" / "pages"


class Site:
    """Serves `tests/pages/` and what was `built`; `{site}` in a page, and each name in `values`, is filled in."""

    def __init__(self, built: Path | None = None) -> None:
        site = self
        self.values: dict[str, str] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                self._send(built / Path(path).name if built and path.startswith("/built/") else PAGES / path[1:])

            def _send(self, file: Path) -> None:
                self.send_response(200 if file.is_file() else 404)
                self.send_header("Content-Type", "text/html" if file.suffix == ".html" else "text/javascript")
                self.end_headers()
                if file.is_file():
                    self.wfile.write(site.filled(file.read_text()).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self.server.server_port}"
        serve_in_thread(self.server)

    def filled(self, text: str) -> str:
        """The page with this site's values in it."""
        for name, value in {"site": self.origin, **self.values}.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def close(self) -> None:
        """Be gone."""
        self.server.shutdown()
        self.server.server_close()
