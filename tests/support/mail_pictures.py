"""Pictures of the notification for the docs; `python -m tests.support.mail_pictures` takes them anew.

Needs Chromium, pngquant and, for the same letters, Debian's fonts-noto-core, fonts-noto-cjk, fonts-noto-color-emoji.
"""

import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.support.browser import QUIET
from tests.support.sample_mails import sample_app, sample_html
from tests.support.servers import ROOT

FOLDER = ROOT / "docs/images"
WIDTHS = (320, 640)
SCHEMES = ("light", "dark")
SUBMISSION = uuid.UUID("019acb10-7c40-7000-8000-9b1d3f5a7c2e")
"""So that the reference is the same each time."""


def take_pictures(browser: Any, html: str, folder: Path) -> None:
    """Write one picture for each width and scheme."""
    folder.mkdir(exist_ok=True)
    for width in WIDTHS:
        for scheme in SCHEMES:
            page = browser.new_page(viewport={"width": width, "height": 600}, color_scheme=scheme)
            page.set_content(html)
            picture = folder / f"notification-{width}-{scheme}.png"
            page.screenshot(path=picture, full_page=True)
            page.close()
            subprocess.run(
                ["pngquant", "--force", "--strip", "--speed=1", "--output", picture, "48", picture], check=True
            )


if __name__ == "__main__":
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sample_app(Path(folder)) as app, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=QUIET)
        take_pictures(browser, sample_html(app, SUBMISSION), FOLDER)
        browser.close()
