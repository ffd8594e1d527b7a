"""Cuts a JSON value to a size: long texts with a mark, entries beyond it dropped and counted."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, islice
from operator import add
from typing import Any

from forms_service.submissions.serialization import to_json
from forms_service.webhooks.formats.text_limits import cut, json_length, share, utf8_length

MIN_ROOM = 24
"""Bytes that a value gets at least; otherwise it is dropped, and so are those after it."""

MAX_DEPTH = 4
"""Deeper values are dropped whole, so that no part is measured more often."""

MAX_ITEM = 600
"""Bytes up to which an object in a list is whole or dropped: half a file's description tells nobody anything."""

QUOTES, SEPARATORS = 2, 2
MIN_ENTRY = SEPARATORS + 1


class Cutter:
    """Fits values into room in bytes of UTF-8, and counts what it drops."""

    def __init__(self) -> None:
        self.dropped = 0

    def fit(self, value: Any, room: int, depth: int = 0) -> Any:
        """Return the value, or what of it fits; the room holds at least MIN_ROOM."""
        if isinstance(value, str):
            return cut(value, room - QUOTES, json_length)
        if depth < MAX_DEPTH and isinstance(value, Mapping | Sequence):
            # what is behind these cannot fit and is not measured
            first = list(islice(value, room // MIN_ENTRY))
            if isinstance(value, Mapping):
                fitted: Any = self._fit_object(value, first, room, depth)
            else:
                fitted = self._fit_each(first, [SEPARATORS] * len(first), room, depth)
            self.dropped += len(value) - len(fitted)
            return fitted
        if _size(value) <= room:
            return value
        self.dropped += 1
        return None

    def _fit_object(self, value: Mapping[str, Any], names: Sequence[str], room: int, depth: int) -> dict[str, Any]:
        costs = [_size(name) + SEPARATORS for name in names]
        items = self._fit_each([value[name] for name in names], costs, room, depth)
        return dict(zip(names, items, strict=False))

    def _fit_each(self, items: Sequence[Any], costs: Sequence[int], room: int, depth: int) -> list[Any]:
        """Return what fits of the first items; `costs` is what surrounds each."""
        room -= QUOTES
        sizes = list(map(_size, items))
        whole = [MAX_ITEM if isinstance(item, Mapping) else MIN_ROOM for item in items]
        count = _count_that_fits(map(add, map(min, sizes, whole), costs), room)
        rooms = share(sizes[:count], room - sum(costs[:count]))
        return [
            item if size <= part else self.fit(item, part, depth + 1)
            for item, size, part in zip(items, sizes, rooms, strict=False)
        ]


def _count_that_fits(sizes: Iterable[int], room: int) -> int:
    return sum(1 for end in accumulate(sizes) if end <= room)


def _size(value: Any) -> int:
    return utf8_length(to_json(value))
