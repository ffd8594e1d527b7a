"""One attempt: load, send, record, log."""

import logging
import re
import time
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from forms_service.database.types import now
from forms_service.delivery import leases, schedules
from forms_service.delivery.leases import Lease
from forms_service.delivery.message import (
    DeliveryError,
    OutgoingMessage,
    Reply,
    Result,
    SuppressedError,
    Transport,
)
from forms_service.errors import ServiceUnavailableError
from forms_service.logs import event

REPLY_CODE = re.compile(r"\d{3}\b")

RECORD_RETRY_DELAY = 1

log = logging.getLogger(__name__)


def deliver(lease: Lease, transport: Transport) -> Result | None:
    """Send a leased message and record the result; None if it was erased or the lease is lost.

    :raises sqlalchemy.exc.DBAPIError: the lease then expires, and the message is due again
    """
    result = _try(lease, transport)
    if result:
        _record(lease, result)
        _log_result(lease, result)
    return result


def _try(lease: Lease, transport: Transport) -> Result | None:
    try:
        message = leases.load_message(lease)
        return _send(lease, message, transport) if message else None
    except SuppressedError as error:
        return Result("suppressed", str(error))
    except DeliveryError as error:  # of loading it
        return Result(_failed_outcome(lease, permanent=error.permanent), str(error))
    except DBAPIError:
        raise  # nothing was sent: the lease expires and it is due again
    except Exception as error:  # one broken message must not block the others
        log.exception("Could not build a message.", extra={"fields": {"kind": lease.kind, "id": lease.id}})
        return Result(_failed_outcome(lease), type(error).__name__)


def _send(lease: Lease, message: OutgoingMessage, transport: Transport) -> Result:
    started = time.monotonic()
    try:
        answer = transport.send(message)
    except DeliveryError as error:
        return Result(
            _failed_outcome(lease, permanent=error.permanent),
            str(error),
            reply=error.reply,
            seconds=time.monotonic() - started,
            is_working=error.permanent,
            bad_address=message.target if error.bad_address else None,
        )
    reply = Reply(answer.status)
    return Result("sent", answer.text, reply=reply, seconds=time.monotonic() - started, is_working=True)


def _failed_outcome(lease: Lease, *, permanent: bool = False) -> str:
    is_last = schedules.next_delay(lease.channel, lease.attempts) is None
    return "failed" if permanent or is_last else "again"


def _record(lease: Lease, result: Result) -> None:
    # retry while the lease lasts: a busy database must not cause a second delivery
    while True:
        try:
            leases.record_attempt(lease, result)
        except (DBAPIError, ServiceUnavailableError):
            if now() + timedelta(seconds=RECORD_RETRY_DELAY) > lease.until:
                raise
            time.sleep(RECORD_RETRY_DELAY)
        else:
            return


def _log_result(lease: Lease, result: Result) -> None:
    # only the reply's code: its text may hold an address
    code = REPLY_CODE.match(result.answer)
    levels = {"sent": logging.DEBUG, "suppressed": logging.INFO, "again": logging.WARNING}
    fields = {"kind": lease.kind, "id": lease.id, "attempt": lease.attempts}
    reason = str(result.reply.status or (code[0] if code else result.answer))
    event(f"{lease.channel}_{result.outcome}", level=levels.get(result.outcome, logging.ERROR), **fields, reason=reason)
