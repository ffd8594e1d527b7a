"""Custom: an owner's JSON, whose strings hold placeholders."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NoReturn

from forms_service.form_schema.text_templates import FORM, REFERENCE, fill, find_unknown_names
from forms_service.webhooks.formats.base import Format, Problems, Target, webhook_format
from forms_service.webhooks.formats.payloads import Event, Payload
from forms_service.webhooks.formats.text_limits import cut, json_length, share

MAX_BODY = 20_000
"""Bytes; long values are cut to stay below it."""

MAX_TEMPLATE = 10_000
"""Bytes of its JSON."""

MAX_DEPTH = 20

to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@webhook_format("custom")
class CustomFormat(Format):
    """For whatever takes JSON."""

    def render(self, event: Event, target: Target) -> Payload:
        template = parse_template(target.template)
        values = {REFERENCE: event.reference, FORM: event.form_name, **event.values}
        return Payload(_encode(_fill_strings(template, _fit(template, values))))

    def find_problems(self, target: Target, fields: Collection[str] | None = None) -> Problems:
        try:
            template = parse_template(target.template)
        except ValueError as error:
            return {"template": str(error)}
        unknown = (
            [] if fields is None else [name for text in _strings(template) for name in find_unknown_names(text, fields)]
        )
        if unknown:
            return {"template": f"The form has no field {', '.join(dict.fromkeys(unknown))}."}
        return {}


def parse_template(template: Any) -> Any:
    """Return the JSON value of a template, which may be given as text.

    :raises ValueError: with a sentence for the owner
    """
    if template is None:
        raise ValueError("The format custom needs a template.")
    try:
        value = json.loads(template, parse_constant=_refuse) if isinstance(template, str) else template
        depth, size = _depth(value), len(_encode(value))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("The template must be JSON.") from error
    if size > MAX_TEMPLATE or depth > MAX_DEPTH:
        raise ValueError(f"The template must have at most {MAX_TEMPLATE} bytes and {MAX_DEPTH} levels.")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _fit(template: Any, values: Mapping[str, str]) -> dict[str, str]:
    """Cut values so that the filled template stays below MAX_BODY."""
    uses = _Uses(values)
    empty = _fill_strings(template, uses)
    names = [name for name, count in uses.counts.items() for _ in range(count)]
    lengths = {name: json_length(values[name][: MAX_BODY + 1]) for name in uses.counts}
    rooms = share([lengths[name] for name in names], MAX_BODY - len(_encode(empty)))
    # the shares of one value differ by a rounding
    least: dict[str, int] = {}
    for name, room in zip(names, rooms, strict=True):
        least[name] = min(room, least.get(name, room))
    return {name: cut(values[name], room, json_length) for name, room in least.items()}


class _Uses(Mapping[str, str]):
    """Stands for values while it counts how often each is filled in."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_by_name = values
        self.counts: Counter[str] = Counter()

    def __getitem__(self, name: str) -> str:
        if name not in self.values_by_name:
            raise KeyError(name)
        self.counts[name] += 1
        return ""

    def __contains__(self, name: object) -> bool:
        return name in self.values_by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


def _fill_strings(value: Any, values: Mapping[str, str]) -> Any:
    return _replace_strings(value, lambda text: fill(text, values))


def _replace_strings(value: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [_replace_strings(item, replace) for item in value]
    if isinstance(value, dict):
        return {name: _replace_strings(item, replace) for name, item in value.items()}
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _depth(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)


def _encode(value: Any) -> bytes:
    return to_json(value).encode("utf-8", "replace")
