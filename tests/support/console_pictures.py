"""Pictures of the console for the docs; `python -m tests.support.console_pictures` takes them anew.

Needs Chromium, pngquant and, for the same letters, Debian's fonts-noto-core and fonts-noto-cjk.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.support.accounts import PASSWORD
from tests.support.browser import QUIET
from tests.support.sample_service import SampleService
from tests.support.servers import ROOT
from tests.support.stored import OWNER

FOLDER = ROOT / "docs/images"
SIZE = {"width": 1280, "height": 860}
MAX_BYTES = 150_000


def take_pictures(browser: Any, service: SampleService, folder: Path) -> None:
    """Write the inbox with an open submission, the editor of a form, and its hosted page."""
    page = browser.new_page(viewport=SIZE, color_scheme="light")
    sign_in(page, service.url)
    pages = {
        "console-inbox": f"/console/submissions/{service.submission}",
        "console-editor": f"/console/forms/{service.form}/build",
        "hosted-form": f"/f/{service.form}",
    }
    for name, path in pages.items():
        page.goto(service.url + path)
        picture = folder / f"{name}.png"
        page.screenshot(path=picture)
        compress(picture)
    page.close()


def sign_in(page: Any, url: str) -> None:
    page.goto(f"{url}/console/sign-in")
    page.fill("#email", OWNER)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{url}/console")


def compress(picture: Path) -> None:
    subprocess.run(["pngquant", "--force", "--strip", "--speed=1", "--output", picture, "64", picture], check=True)
    assert picture.stat().st_size <= MAX_BYTES, f"{picture.name} is too large"


if __name__ == "__main__":
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as instance, sync_playwright() as driver:
        service = SampleService(Path(instance))
        browser = driver.chromium.launch(executable_path=chromium, args=QUIET)
        try:
            take_pictures(browser, service, FOLDER)
        finally:
            browser.close()
            service.stop()
