"""The interface of a file store; names are random ids, contents are encrypted."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from forms_service.errors import ServiceUnavailableError
from forms_service.languages.sentences import N_


class FileStoreError(ServiceUnavailableError):
    """The store is unavailable; `reason` is for operators."""

    message = N_("Files cannot be stored right now. Try again later.")

    def __init__(self, reason: str, message: str | None = None, *, retry_after: int = 10) -> None:
        self.reason = reason
        super().__init__(message, retry_after=retry_after)


class StoredFile(NamedTuple):
    """A file that is open for reading."""

    size: int
    read: Callable[[int], bytes]
    """Returns as many bytes as asked for, fewer only at the end."""

    close: Callable[[], None]


class FileStore(Protocol):
    """A place of files; each method raises FileStoreError if the place fails."""

    def require_available(self) -> None:
        """Raise at once if it is known to be unavailable."""

    def publish(self, names: Sequence[str]) -> None:
        """Take finished files from the folder; they are durable afterwards."""

    def open(self, name: str) -> StoredFile:
        """Open a file.

        :raises FileNotFoundError: if it has none of that name
        """

    def remove(self, names: Sequence[str]) -> None:
        """Delete those that exist."""

    def names(self, older_than: float) -> Iterator[str]:
        """Yield the names of files changed before a Unix time."""

    def check(self) -> None:
        """Try what submissions and downloads need."""
