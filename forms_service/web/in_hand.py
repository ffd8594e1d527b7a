"""Which requests a process has in hand: what can wait gives way to people who do."""

from threading import get_ident

from flask import Flask, current_app


def init_app(app: Flask) -> None:
    """Know the threads of the process that are answering."""
    threads: set[int] = set()
    app.extensions["in_hand"] = threads
    app.before_request(lambda: threads.add(get_ident()))
    app.teardown_request(lambda _: threads.discard(get_ident()))


def requests_in_hand() -> int:
    """How many requests the process is answering right now."""
    return len(current_app.extensions["in_hand"])
