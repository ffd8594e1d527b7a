"""Logging as text or JSON, without queries, bodies, tokens or e-mail addresses."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context

ACCESS_LINE = re.compile(r" - - \[")
"""Development access line, which contains the query."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")

events = logging.getLogger("forms_service.events")


def event(name: str, *, level: int = logging.INFO, **fields: Any) -> None:
    events.log(level, name, extra={"fields": fields})


def configure(level: str, format_: str) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if format_ == "json" else TextFormatter())
    handler.addFilter(lambda record: not (record.name == "werkzeug" and ACCESS_LINE.search(record.getMessage())))
    handler.set_name("forms_service")
    root = logging.getLogger()
    for previous in [attached for attached in root.handlers if attached.get_name() == "forms_service"]:
        root.removeHandler(previous)
    root.addHandler(handler)
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging._srcfile = None  # lines show no source, and finding it takes 10 µs
    logging.logThreads = logging.logMultiprocessing = False  # lines show neither


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_entry(record, self), ensure_ascii=True, default=str)


class TextFormatter(logging.Formatter):
    """Time, level and message, then name=value."""

    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record, self)
        trace = entry.pop("exception", None)
        (_, moment), (_, level), _, (_, message), *rest = entry.items()
        words = [f"{name}={_printable(value)}" for name, value in rest if value is not None]
        return " ".join([moment, f"{level:7}", message, *words]) + (f"\n{trace}" if trace else "")


def _entry(record: logging.LogRecord, formatter: logging.Formatter) -> dict[str, Any]:
    moment = datetime.fromtimestamp(record.created, UTC)
    entry = {
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        "message": _one_line(record.getMessage()),
        **getattr(record, "fields", {}),
    }
    if has_request_context():
        entry["request_id"] = g.get("request_id")
    if record.exc_info:
        entry["exception"] = formatter.formatException(record.exc_info)
    return entry


def _one_line(message: str) -> str:
    # line breaks could forge a log line; control characters could manipulate a terminal
    if message.isprintable() and "  " not in message:
        return message.strip()
    words = COLOURS.sub("", message).split()
    return " ".join("".join(filter(str.isprintable, word)) for word in words)


def _printable(value: Any) -> str:
    text = str(value)
    # an unquoted space or = could forge a field
    plain = text and text.isprintable() and " " not in text and '"' not in text and "=" not in text
    return text if plain else json.dumps(text)
