"""Starts the reverse proxies of `deploy/` with TLS and http, as they are shipped but for ports and certificates."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.reverse_proxies import DEPLOY, MODULES, program
from tests.support.servers import TIMEOUT

CERTIFICATE = "/etc/letsencrypt/live/forms.example.com/fullchain.pem"
KEY = "/etc/letsencrypt/live/forms.example.com/privkey.pem"

Edit = Callable[[str], str]
"""Changes the shipped file."""

Configure = Callable[..., list[str]]
"""Folder, certificate with key, ports of https and http, and an `Edit` → command."""


def nginx(folder: Path, certificate: Path, https: int, http: int, edit: Edit = str) -> list[str]:
    config = edit((DEPLOY / "nginx.conf").read_text())
    config = config.replace(CERTIFICATE, str(certificate)).replace(KEY, str(certificate))
    lines = [line for line in config.splitlines() if "[::]" not in line]
    text = "\n".join(lines).replace("listen 443 ssl", f"listen 127.0.0.1:{https} ssl")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{http};").replace("/run/nginx.pid", f"{folder}/nginx.pid")
    file = folder / "nginx.conf"
    file.write_text(text)
    return ["nginx", "-c", str(file), "-e", str(folder / "nginx.log"), "-g", "daemon off;"]


def caddy(folder: Path, certificate: Path, https: int, http: int, edit: Edit = str) -> list[str]:
    text = edit((DEPLOY / "Caddyfile").read_text())
    options = f"\n{{\n\tadmin off\n\thttp_port {http}\n\thttps_port {https}\n\tdefault_bind 127.0.0.1\n"
    text = text.replace("\n{\n", options, 1)
    text = text.replace("\nforms.example.com {", f"\nforms.example.com {{\n\ttls {certificate} {certificate}", 1)
    file = folder / "Caddyfile"
    file.write_text(text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]


def apache(folder: Path, certificate: Path, https: int, http: int, edit: Edit = str) -> list[str]:
    del http  # the file has no site for it
    return apache_site(folder, certificate, https, edit((DEPLOY / "apache.conf").read_text()), MODULES)


def apache_site(folder: Path, certificate: Path, https: int, site: str, modules: str) -> list[str]:
    """Write a site, and the little that Debian's own configuration has around it; return the command."""
    site = site.replace("*:443", f"127.0.0.1:{https}")
    site = site.replace(CERTIFICATE, str(certificate)).replace(KEY, str(certificate))
    names = [*modules.split(), "ssl", "socache_shmcb"]
    around = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in names]
    around += [f"Listen 127.0.0.1:{https}", f"PidFile {folder}/apache.pid", f"ErrorLog {folder}/apache.log"]
    around += [f"DefaultRuntimeDir {folder}", f"ServerRoot {folder}", "ServerName localhost"]
    around += ["User www-data", "Group www-data"] if os.getuid() == 0 else []
    file = folder / "apache.conf"
    file.write_text("\n".join([*around, site, ""]))
    return ["apache2", "-f", str(file), "-DFOREGROUND"]


TLS_PROXIES: dict[str, Configure] = {"nginx": nginx, "caddy": caddy, "apache2": apache}


@contextmanager
def running(words: list[str], folder: Path, port: int) -> Iterator[None]:
    """Runs a proxy from when it takes connections at the port."""
    environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(folder)}
    with (folder / "output").open("w") as output:
        process = subprocess.Popen([program(words[0]) or "", *words[1:]], env=environment, stdout=output, stderr=output)
    until = time.monotonic() + TIMEOUT
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    assert process.poll() is None, (folder / "output").read_text()
    try:
        yield
    finally:
        process.terminate()
        process.wait(TIMEOUT)
