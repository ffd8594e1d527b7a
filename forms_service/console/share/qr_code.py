"""The QR code of an address, as a picture."""

import io

import segno

MODULE_SIZE = 10
"""Pixels of the smallest square, for print."""


def data_uri(address: str) -> str:
    """Return an SVG for `src`; it has its own white ground, which scanners need in a dark theme too."""
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=4, light="#fff", dark="#000")


def picture(address: str, kind: str) -> bytes:
    """Return the file: `svg` or `png`."""
    file = io.BytesIO()
    segno.make(address, error="m", micro=False).save(file, kind=kind, scale=MODULE_SIZE, light="#fff", dark="#000")
    return file.getvalue()
