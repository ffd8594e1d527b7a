"""Delivery worker: leases due messages in small batches and sends them to many targets at once."""

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, cast

from flask import Flask, current_app

from forms_service.background import periodic, runner
from forms_service.delivery import attempts, leases, mail_rendering, outbox, payloads, target_owners
from forms_service.delivery.channels import Channel, ChannelPass
from forms_service.delivery.lanes import Lanes
from forms_service.delivery.mail_transport import MailTransport
from forms_service.delivery.message import Transport
from forms_service.web.active_requests import active

MAIL_CONNECTIONS, MAIL_CONCURRENCY = 3, 2
"""SMTP connections, and those of them for one domain: a slow one leaves the others one."""

SENDERS = 16
"""Threads of any other channel."""

MIN_SHARE, MAX_SHARE = 1 / 40, 1 / 2
"""Of the process, for delivery while requests are in flight."""

MIN_DELAY, MAX_DELAY = 1.0, 60.0
"""Seconds that a due message has waited; between them the share grows, so that the backlog does not."""

MAX_IDLE = 1.0

POLL_INTERVAL = 1.0
"""Seconds until retries and other processes' messages are noticed."""

SWEEP_INTERVAL = 3600


def init_app(app: Flask) -> None:
    """Register the worker, the mail channel and the outbox's cleanup."""
    mail_rendering.init_app(app)
    payloads.init_app(app)
    target_owners.init_app(app)
    app.extensions["channels"] = {}
    register_channel(app, Channel("mail", MailTransport, MAIL_CONNECTIONS, Lanes(MAIL_CONCURRENCY)))
    app.extensions["outbox_wakeup"] = runner.add_loop(app, "outbox", deliver_due, POLL_INTERVAL)
    periodic.register(app, "outbox", SWEEP_INTERVAL, outbox.sweep)


def register_transport(app: Flask, channel: str, factory: Callable[[], Transport]) -> None:
    """Send a channel's messages by transports that `factory` makes, one per thread.

    WEBHOOK_CONCURRENCY is the bound per target.
    """
    register_channel(app, Channel(channel, factory, SENDERS, Lanes(app.config["SETTINGS"].webhook_concurrency)))


def register_channel(app: Flask, channel: Channel) -> None:
    """Replace the channel of that name."""
    app.extensions["channels"][channel.name] = channel


def deliver_due(stopping: Callable[[], bool] = lambda: False) -> int:
    """Send everything due; return the number of attempts.

    While messages are in flight, what becomes due meanwhile is sent as well.
    """
    tried, delay = 0, 0.0
    app: Flask = cast("Any", current_app)._get_current_object()
    wakeup: threading.Event = app.extensions["outbox_wakeup"]
    with ExitStack() as stack:
        passes = [ChannelPass(app, channel, wakeup) for channel in _channels().values()]
        for one in passes:
            stack.callback(one.senders.close)
        while not stopping() and not _errors(passes):
            worked = time.thread_time()
            progress = [one.send_due(1 if active else SENDERS) for one in passes]
            tried += sum(step.leased for step in progress)
            cpu_seconds = time.thread_time() - worked + sum(one.senders.take_cpu_seconds() for one in passes)
            if any(step.due for step in progress):
                delay = max(step.delay for step in progress)
            _throttle(cpu_seconds, delay)
            if all(step.is_done for step in progress):
                break
            if not any(step.due for step in progress):
                wakeup.wait(POLL_INTERVAL)
                wakeup.clear()
    for error in _errors(passes):
        raise error
    return tried


def deliver_one(message_id: uuid.UUID) -> None:
    """Send this message now, whatever else is due, unless another worker holds its lease."""
    for lease in leases.acquire([message_id]):
        transport = _channels()[lease.channel].make_transport()
        try:
            attempts.deliver(lease, transport)
        finally:
            transport.close()


def _channels() -> dict[str, Channel]:
    return cast("dict[str, Channel]", current_app.extensions["channels"])


def _errors(passes: list[ChannelPass]) -> list[Exception]:
    return [one.senders.error for one in passes if one.senders.error]


def _throttle(cpu_seconds: float, delay: float) -> None:
    if active:  # keep the latency of requests in flight low
        time.sleep(min(cpu_seconds * (1 / share_of_process(delay) - 1), MAX_IDLE))


def share_of_process(delay: float) -> float:
    """Return delivery's share of a busy process, after the delay of what it sends."""
    growth = (delay - MIN_DELAY) / (MAX_DELAY - MIN_DELAY)
    return MIN_SHARE + (MAX_SHARE - MIN_SHARE) * min(max(growth, 0.0), 1.0)
