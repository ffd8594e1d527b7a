"""Log lines for people or as JSON, and named events. Never a query, a body, a token or an e-mail address."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context

ACCESS_LINE = re.compile(r" - - \[")
"""Marks the development server's own line for a request, which shows the query."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")

events = logging.getLogger("forms_service.events")


def event(name: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log that something happened, by a name that an operator can count on."""
    events.log(level, name, extra={"fields": fields})


def configure(level: str, format_: str) -> None:
    """Send every logger of the process to standard error, once."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if format_ == "json" else TextFormatter())
    handler.addFilter(lambda record: not (record.name == "werkzeug" and ACCESS_LINE.search(record.getMessage())))
    handler.set_name("forms_service")
    root = logging.getLogger()
    for old in [known for known in root.handlers if known.get_name() == "forms_service"]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging._srcfile = None  # no line shows where it was logged, and looking takes 10 µs
    logging.logThreads = logging.logMultiprocessing = False  # no line shows them; gunicorn's show the process


class JsonFormatter(logging.Formatter):
    """A line of JSON with time, level, logger, message, the event's fields and the request's id."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the values."""
        return json.dumps(_entry(record, self), ensure_ascii=True, default=str)


class TextFormatter(logging.Formatter):
    """The same for people: time, level, message, then name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, with a traceback below it where there is one."""
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
    """The message without colours, line breaks and other controls."""
    if message.isprintable() and "  " not in message:
        return message.strip()
    words = COLOURS.sub("", message).split()
    return " ".join("".join(filter(str.isprintable, word)) for word in words)


def _printable(value: Any) -> str:
    """The value on one line, in quotes where it has spaces: nobody writes a log line of their own."""
    text = str(value)
    plain = text and text.isprintable() and " " not in text and '"' not in text and "=" not in text
    return text if plain else json.dumps(text)
