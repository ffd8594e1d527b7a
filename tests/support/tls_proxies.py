"""Starts the reverse proxies of `deploy/` with TLS and http, as they are shipped but for ports and certificates."""

from collections.abc import Callable
from pathlib import Path

from tests.support.reverse_proxies import DEPLOY, MODULES

CERTIFICATE = "/etc/letsencrypt/live/forms.example.com/fullchain.pem"
KEY = "/etc/letsencrypt/live/forms.example.com/privkey.pem"

Configure = Callable[[Path, Path, int, int], list[str]]
"""Folder, certificate with key, ports of https and http → command."""


def nginx(folder: Path, certificate: Path, https: int, http: int) -> list[str]:
    config = (DEPLOY / "nginx.conf").read_text().replace(CERTIFICATE, str(certificate)).replace(KEY, str(certificate))
    lines = [line for line in config.splitlines() if "[::]" not in line]
    text = "\n".join(lines).replace("listen 443 ssl", f"listen 127.0.0.1:{https} ssl")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{http};").replace("/run/nginx.pid", f"{folder}/nginx.pid")
    file = folder / "nginx.conf"
    file.write_text(text)
    return ["nginx", "-c", str(file), "-e", str(folder / "nginx.log"), "-g", "daemon off;"]


def caddy(folder: Path, certificate: Path, https: int, http: int) -> list[str]:
    text = (DEPLOY / "Caddyfile").read_text()
    options = f"\n{{\n\tadmin off\n\thttp_port {http}\n\thttps_port {https}\n\tdefault_bind 127.0.0.1\n"
    text = text.replace("\n{\n", options, 1)
    text = text.replace("\nforms.example.com {", f"\nforms.example.com {{\n\ttls {certificate} {certificate}", 1)
    file = folder / "Caddyfile"
    file.write_text(text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]


def apache(folder: Path, certificate: Path, https: int, http: int) -> list[str]:
    del http  # the file has no site for it
    site = (DEPLOY / "apache.conf").read_text().replace("*:443", f"127.0.0.1:{https}")
    site = site.replace(CERTIFICATE, str(certificate)).replace(KEY, str(certificate))
    modules = [*MODULES.split(), "ssl", "socache_shmcb"]
    around = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in modules]
    around += [f"Listen 127.0.0.1:{https}", f"PidFile {folder}/apache.pid", f"ErrorLog {folder}/apache.log"]
    around += [f"DefaultRuntimeDir {folder}", f"ServerRoot {folder}", "ServerName localhost"]
    around += ["User www-data", "Group www-data"]
    file = folder / "apache.conf"
    file.write_text("\n".join([*around, site, ""]))
    return ["apache2", "-f", str(file), "-DFOREGROUND"]


TLS_PROXIES: dict[str, Configure] = {"nginx": nginx, "caddy": caddy, "apache2": apache}
