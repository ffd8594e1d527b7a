"""The stores of an app: its folder, and the store that settings choose."""

from pathlib import Path
from typing import cast

from flask import Flask, current_app

from forms_service.config import Settings
from forms_service.file_store.folder import Folder
from forms_service.file_store.interface import FileStore
from forms_service.file_store.s3 import S3Store

FOLDER = "files"


def init_app(app: Flask, settings: Settings) -> None:
    folder = app.extensions["file_folder"] = Folder(Path(app.instance_path, FOLDER))
    app.extensions["file_store"] = S3Store(settings, folder) if settings.s3_bucket else folder


def current_folder() -> Folder:
    """Return the folder, where files also are before they are published or moved to the store."""
    return cast("Folder", current_app.extensions["file_folder"])


def current_store() -> FileStore:
    """Return the store, which may be the folder."""
    return cast("FileStore", current_app.extensions["file_store"])


def bucket_store() -> S3Store | None:
    """Return the S3-compatible store, if one is set."""
    store = current_store()
    return store if isinstance(store, S3Store) else None
