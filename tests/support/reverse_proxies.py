"""Starts the reverse proxies of `deploy/` with the shipped files; changes only names, ports and certificates."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.servers import ROOT, TIMEOUT, free_port

DEPLOY = ROOT / "deploy"
MODULES = "mpm_event authz_core headers proxy proxy_http reqtimeout"


def nginx(folder: Path, port: int, *upstreams: int) -> list[str]:
    """Write nginx's configuration, with a line for each instance; return the command."""
    config = (DEPLOY / "nginx.conf").read_text()
    plain = "listen 80;", "listen [::]:80;", "listen [::]:443 ssl;"
    for line in plain:
        config = config.replace(line, f"listen 127.0.0.1:{free_port()};" if line == plain[0] else "")
    config = config.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    (instance,) = [line for line in config.splitlines() if ":8000" in line]
    config = config.replace(instance, "\n".join(instance.replace(":8000", f":{one}") for one in upstreams))
    config = config.replace("/run/nginx.pid", f"{folder}/nginx.pid")
    lines = [line for line in config.splitlines() if "ssl_certificate" not in line]
    file = folder / "nginx.conf"
    file.write_text("\n".join(lines))
    return ["nginx", "-c", str(file), "-e", str(folder / "nginx.log"), "-g", "daemon off;"]


def caddy(folder: Path, port: int, upstream: int) -> list[str]:
    """Write Caddy's configuration; return the command."""
    config = (DEPLOY / "Caddyfile").read_text()
    config = config.replace("\nforms.example.com {", f"\nhttp://:{port} {{\n\tbind 127.0.0.1").replace(
        ":8000", f":{upstream}"
    )
    config = config.replace("\n{\n", f"\n{{\n\tadmin off\n\thttp_port {free_port()}\n", 1)
    file = folder / "Caddyfile"
    file.write_text(config)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]


def apache(folder: Path, port: int, upstream: int) -> list[str]:
    """Write Apache's configuration, and the little that Debian's own has around it; return the command."""
    site = (DEPLOY / "apache.conf").read_text()
    site = site.replace("*:443", f"127.0.0.1:{port}").replace(":8000", f":{upstream}")
    lines = [line for line in site.splitlines() if "SSL" not in line]
    around = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES.split()]
    around += [f"Listen 127.0.0.1:{port}", f"PidFile {folder}/apache.pid", f"ErrorLog {folder}/apache.log"]
    around += [f"DefaultRuntimeDir {folder}", f"ServerRoot {folder}", "ServerName localhost"]
    around += ["User www-data", "Group www-data"] if os.getuid() == 0 else []
    file = folder / "apache.conf"
    file.write_text("\n".join([*around, *lines, ""]))
    return ["apache2", "-f", str(file), "-DFOREGROUND"]


PROXIES: dict[str, Callable[..., list[str]]] = {"nginx": nginx, "caddy": caddy, "apache2": apache}


def program(name: str) -> str | None:
    """Path of an installed server."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


class Proxy:
    """A reverse proxy before a service, or several instances of one."""

    def __init__(self, name: str, folder: Path, *upstreams: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        words = PROXIES[name](folder, self.port, *upstreams)
        environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(folder)}
        with (folder / f"{name}.output").open("w") as output:
            self._process = subprocess.Popen(
                [program(name) or name, *words[1:]], env=environment, stdout=output, stderr=output
            )
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise AssertionError((folder / f"{name}.output").read_text())

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(TIMEOUT)
