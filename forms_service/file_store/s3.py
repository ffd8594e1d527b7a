"""An S3-compatible store, shared by several hosts."""

import importlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from forms_service.circuit_breaker import CircuitBreaker
from forms_service.config import Settings
from forms_service.file_store.folder import STORED_NAME, Folder, disk_may_fail
from forms_service.file_store.interface import FileStoreError, StoredFile
from forms_service.logs import event
from forms_service.metrics import FILE_STORE_AWAY, FILE_STORE_FAILURES

CONNECT_TIMEOUT = timedelta(seconds=2)
REQUEST_TIMEOUT = timedelta(seconds=10)
"""For a whole upload of up to PART_BYTES, and between two reads of a download."""

JOINED_BYTES = 5 * 2**20
"""Per second: what a busy store at least joins of the parts of an upload, before it answers to the last request."""

DOWNLOAD_TIMEOUT = timedelta(hours=6)
"""A visitor's slow connection must not end a download."""

PUBLISH_TIMEOUT = 20.0
"""Seconds after which no further file of a submission is begun."""

PART_BYTES = 5 * 2**20
"""Larger files are uploaded in parts, PARTS_AT_ONCE in memory; S3 allows no smaller parts."""

PARTS_AT_ONCE = 2
UPLOADS_AT_ONCE = 8
"""Per process: bounds the memory for parts at 80 MiB."""

READ_BYTES = 65_536
OWNER = "owner"
"""Object that names the installation whose files these are."""

PROBE = "probe"
"""Object that checks write and delete."""

CODE = re.compile(r"<Code>(\w+)</Code>")
MISSING_BUCKET = "NoSuchBucket"

T = TypeVar("T")


class S3Store:
    """A FileStore in a bucket; files are written to the folder first, encrypted."""

    def __init__(self, settings: Settings, folder: Folder) -> None:
        self._driver = importlib.import_module("obstore")  # optional, and 11 MB of memory
        failures = importlib.import_module("obstore.exceptions")
        self._failures = (failures.BaseError, OSError)
        self._settings, self._folder = settings, folder
        self._circuit = CircuitBreaker()
        self._write_failure: str | None = None
        self._upload_slots = threading.BoundedSemaphore(UPLOADS_AT_ONCE)
        self._bucket = _connect(settings, timeout=REQUEST_TIMEOUT)
        self._downloads = _connect(settings, timeout=DOWNLOAD_TIMEOUT, read_timeout=REQUEST_TIMEOUT)

    def require_available(self) -> None:
        if self._circuit.is_shut_off:
            raise FileStoreError(self._circuit.reason or "")

    @property
    def is_failing(self) -> bool:
        """Whether its last request failed, or its last attempt to write."""
        return self._circuit.reason is not None or self._write_failure is not None

    def publish(self, names: Sequence[str]) -> None:
        deadline = time.monotonic() + PUBLISH_TIMEOUT
        for name in names:
            if time.monotonic() > deadline:
                raise FileStoreError("Uploads took too long.")
            self._upload(name)
            self._folder.remove([name])

    def open(self, name: str) -> StoredFile:
        response = self._call(lambda: self._driver.get(self._downloads, name))
        chunks = iter(response.stream(min_chunk_size=READ_BYTES))
        reader = _Reader(lambda: self._call(lambda: next(chunks, b"")))
        return StoredFile(response.meta["size"], reader.read, reader.close)

    def remove(self, names: Sequence[str]) -> None:
        if names:
            self._call(lambda: self._driver.delete(self._bucket, list(names)))

    def names(self, older_than: float) -> Iterator[str]:
        pages = iter(self._driver.list(self._bucket))
        while page := self._call(lambda: next(pages, None)):
            for item in page:
                if STORED_NAME.fullmatch(item["path"]) and item["last_modified"].timestamp() < older_than:
                    yield item["path"]

    def claim(self, installation: str) -> bool:
        """Whether the files are those of this installation; an unclaimed place is from now on."""
        try:
            owner = self._call(lambda: bytes(self._driver.get(self._bucket, OWNER).bytes()).decode())
        except FileNotFoundError:
            self._call(lambda: self._driver.put(self._bucket, OWNER, installation.encode()))
            return True
        return owner == installation

    def check(self) -> None:
        self._call(lambda: list(self._driver.list(self._bucket, f"{PROBE}/")), is_trial=True)
        if self._write_failure:
            self.check_writing()

    def check_writing(self) -> None:
        """Write and delete an object."""
        self._write(lambda: self._driver.put(self._bucket, PROBE, b""), is_trial=True)
        self._call(lambda: self._driver.delete(self._bucket, [PROBE]), is_trial=True)

    def _upload(self, name: str) -> None:
        if not self._upload_slots.acquire(timeout=REQUEST_TIMEOUT.total_seconds()):
            raise FileStoreError("Too many uploads at once.")
        try:
            with disk_may_fail(), self._folder.path(name).open("rb") as file:
                bucket = self._bucket_for(os.fstat(file.fileno()).st_size)
                options = {"chunk_size": PART_BYTES, "max_concurrency": PARTS_AT_ONCE}
                self._write(lambda: self._driver.put(bucket, name, file, **options))
        finally:
            self._upload_slots.release()

    def _bucket_for(self, size: int) -> Any:
        """Return a client whose timeout allows for joining the parts of a file."""
        if size <= PART_BYTES:
            return self._bucket
        return _connect(self._settings, timeout=REQUEST_TIMEOUT + timedelta(seconds=size / JOINED_BYTES))

    def _write(self, action: Callable[[], object], *, is_trial: bool = False) -> None:
        try:
            self._call(action, is_trial=is_trial)
        except FileNotFoundError as error:  # the bucket, or an upload in parts that the store forgot
            failure = self._record_failure(error)
            self._write_failure = failure.reason
            raise failure from error
        except FileStoreError as error:
            self._write_failure = error.reason
            raise
        self._write_failure = None

    def _call(self, action: Callable[[], T], *, is_trial: bool = False) -> T:
        if not (is_trial or self._circuit.begin_call()):
            raise FileStoreError(self._circuit.reason or "")
        try:
            result = action()
        except self._failures as error:
            if isinstance(error, FileNotFoundError) and MISSING_BUCKET not in str(error):
                raise  # the object; a missing bucket raises the same
            raise self._record_failure(error) from error
        if self._circuit.record_success():
            FILE_STORE_AWAY.set(0)
            event("file_store_back", level=logging.WARNING)
        return result

    def _record_failure(self, error: Exception) -> FileStoreError:
        FILE_STORE_FAILURES.inc()
        FILE_STORE_AWAY.set(1)
        code = CODE.search(str(error))
        reason = f"The store answers {code[1]}." if code else "The store does not respond."
        if self._circuit.record_failure(reason):
            event("file_store_away", level=logging.ERROR, reason=reason, error=str(error).split("\n", 1)[0])
        return FileStoreError(reason)


class _Reader:
    """Returns as many bytes as asked for, from chunks of any size."""

    def __init__(self, next_chunk: Callable[[], Any]) -> None:
        self._next_chunk = next_chunk
        self._waiting = bytearray()

    def read(self, size: int) -> bytes:
        while len(self._waiting) < size and (chunk := self._next_chunk()):
            self._waiting += chunk
        result = bytes(self._waiting[:size])
        del self._waiting[:size]
        return result

    def close(self) -> None:
        self._next_chunk = bytes  # ends the request


def _connect(settings: Settings, **timeouts: timedelta) -> Any:
    stores = importlib.import_module("obstore.store")
    client = {"allow_http": True, "connect_timeout": CONNECT_TIMEOUT, **timeouts}
    if settings.outbound_ca_file:
        client["root_certificate"] = settings.outbound_ca_file
    return stores.S3Store(
        settings.s3_bucket,
        prefix=settings.s3_prefix,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key,
        secret_access_key=settings.s3_secret_key,
        # servers of one's own rarely have a host name per bucket
        **({"endpoint": settings.s3_endpoint} if settings.s3_endpoint else {"virtual_hosted_style_request": True}),
        client_options=client,
        retry_config={"max_retries": 1, "retry_timeout": CONNECT_TIMEOUT},
    )
