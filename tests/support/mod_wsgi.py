"""Apache with mod_wsgi, by the shipped file but for names, ports and the user."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support.reverse_proxies import DEPLOY
from tests.support.servers import ROOT
from tests.support.tls_proxies import apache_site

MODULE = Path("/usr/lib/apache2/modules/mod_wsgi.so")
MODULES = "mpm_event authz_core headers reqtimeout alias wsgi"


def loads_this_python() -> bool:
    """True if the module is there, for the minor version that runs the tests: it can use the same packages then."""
    return MODULE.resolve().name.endswith(f"-{sys.version_info.major}.{sys.version_info.minor}")


def make_environment(folder: Path) -> Path:
    """A virtual environment of Debian's Python, with the packages of this one."""
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (site,) = folder.glob("venv/lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "venv"


def configure(folder: Path, clone: Path, certificate: Path, https: int) -> list[str]:
    """Write the configuration for a folder with `wsgi.py` and `.env`; return the command."""
    shutil.copy(ROOT / "wsgi.py", clone)
    text = (DEPLOY / "mod_wsgi.conf").read_text()
    text = text.replace("python-path=/srv/forms_service", f"python-path={ROOT}")
    text = text.replace("/srv/forms_service/.venv", str(make_environment(folder))).replace(
        "/srv/forms_service", str(clone)
    )
    text = text.replace("${APACHE_LOG_DIR}", str(folder))
    text = text.replace("user=forms group=forms ", "")
    return [*as_nobody(), *apache_site(folder, certificate, https, text, MODULES)]


def as_nobody() -> list[str]:
    """Prefix of a command: mod_wsgi refuses to run the service as root, who alone may read this clone."""
    if os.getuid() != 0:
        return []
    capability = "+dac_override"
    user = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    return ["setpriv", *user, f"--inh-caps={capability}", f"--ambient-caps={capability}"]
