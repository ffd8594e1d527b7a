"""The encrypted bytes of files."""

from collections.abc import Iterator

from forms_service.config import settings


def open_decrypted(stored_as: str) -> Iterator[bytes]:
    """What was stored under that name, in chunks."""
    with (settings.instance_path / "files" / stored_as).open("rb") as file:
        while chunk := file.read(65_536):
            yield chunk


def remove(stored_as: str) -> None:
    """Remove a file that may be gone already."""
    (settings.instance_path / "files" / stored_as).unlink(missing_ok=True)
