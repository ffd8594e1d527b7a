"""Parts of tables: JSON Lines, each row an array."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from forms_service.backup.archive import BackupError, Member

PART_BYTES = 1 << 20
"""A part ends with the batch that exceeds it."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def split_rows(batches: Iterable[Sequence[Sequence[Any]]]) -> Iterator[tuple[int, bytes, int]]:
    """Yield number, content and row count of each part."""
    number, lines, size, count = 1, list[bytes](), 0, 0
    for batch in batches:
        lines += [f"{_encode(row)}\n".encode() for row in batch]
        size += sum(map(len, lines[count:]))
        count = len(lines)
        if size >= PART_BYTES:
            yield number, b"".join(lines), count
            number, lines, size, count = number + 1, [], 0, 0
    if lines or number == 1:
        yield number, b"".join(lines), count


def parse_rows(member: Member) -> tuple[str, list[list[Any]]]:
    """Return the table's name and the rows of a part."""
    content = member.read()
    try:
        # one document is parsed in half the time of its lines; JSON has no line breaks inside a row
        return member.path.parts[1], json.loads(b"[%b]" % content.rstrip(b"\n").replace(b"\n", b","))
    except (ValueError, IndexError) as error:
        raise BackupError(f"{member.name} of this backup is not in the format of its manifest.") from error
