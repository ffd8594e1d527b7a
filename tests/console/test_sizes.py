"""The console stays light: its scripts and styles, as they travel."""

import gzip
from pathlib import Path

import forms_service

STATIC = Path(forms_service.__file__).parent / "static"
PATTERNS = ("*.css", "console*.js", "console/*.js", "vendor/htmx/*.js", "vendor/tinykeys/*.js")
MAX_BYTES = 60_000


def test_scripts_and_styles_together_are_60_kb_gzipped_at_most() -> None:
    sizes = {
        str(file.relative_to(STATIC)): len(gzip.compress(file.read_bytes(), 6))
        for pattern in PATTERNS
        for file in STATIC.glob(pattern)
    }
    assert {"console.css", "console.js", "console/inbox.js", "vendor/htmx/htmx.min.js"} <= set(sizes)
    assert sum(sizes.values()) <= MAX_BYTES, sizes
