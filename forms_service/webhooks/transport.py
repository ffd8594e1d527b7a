"""Sends the requests of webhooks."""

import logging
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from sqlalchemy.exc import DBAPIError

from forms_service import __version__
from forms_service.delivery.message import Answer, DeliveryError, OutgoingMessage
from forms_service.errors import ServiceUnavailableError
from forms_service.extensions import db
from forms_service.outbound import (
    OutboundError,
    OutboundRefusedError,
    OutboundRequest,
    OutboundResponse,
    send,
)
from forms_service.webhooks import signatures, switch_off
from forms_service.webhooks.endpoints import Endpoint, load_endpoint
from forms_service.webhooks.formats import FORMATS
from forms_service.webhooks.formats.text_limits import readable_text
from forms_service.webhooks.retry_after import parse_retry_after
from forms_service.webhooks.sources import read_event

PRODUCT = "forms_service/"
USER_AGENT = f"{PRODUCT}{__version__}"
"""Owners cannot replace it: intake recognises by it what a webhook sent."""

MAX_ANSWER_SIZE = 2048
"""Bytes of an answer that are kept."""

MAX_LOCATION = 200
GONE = 410
OVERLOADED = (429, 502, 504)
"""The endpoint gets less, by Standard Webhooks."""

DELETED = "Not sent: the webhook has been deleted."
UNREADABLE = "Not sent: the webhook cannot be decrypted. Delete it and make a new one."
DISABLED = "Not sent: the webhook is switched off. {reason} Enable it, then retry what failed."
REDIRECTED = "Redirects are not followed. Set the URL of the webhook to where it leads: {location}"


log = logging.getLogger(__name__)


class HttpTransport:
    """Sends each request over a connection of its own; tracks endpoints that fail."""

    def send(self, message: OutgoingMessage) -> Answer:
        is_test = bool(message.values.get("test"))
        endpoint = _load(message, is_test=is_test)
        call = _build_call(endpoint, message)
        try:
            answer = _exchange(call)
        except DeliveryError as error:
            with _bookkeeping():
                _record_failure(endpoint, error, is_test=is_test)
            error.permanent = error.permanent or is_test
            raise
        with _bookkeeping():
            switch_off.record_success(endpoint)
        return answer

    def close(self) -> None:
        pass


def message_id(delivery_id: uuid.UUID) -> str:
    """Return the `webhook-id` of a delivery, equal at each attempt."""
    return f"msg_{delivery_id.hex}"


def _load(message: OutgoingMessage, *, is_test: bool) -> Endpoint:
    endpoint = load_endpoint(uuid.UUID(message.values["webhook_id"]))
    if endpoint is None:
        raise DeliveryError(DELETED, permanent=True)
    if not endpoint.secrets:
        raise DeliveryError(UNREADABLE, permanent=True)
    if not endpoint.enabled and not is_test:
        raise DeliveryError(DISABLED.format(reason=endpoint.disabled_reason or ""), permanent=True)
    return endpoint


@contextmanager
def _bookkeeping() -> Iterator[None]:
    # the endpoint has answered: without the database, that must not be sent again as if it had not
    try:
        yield
    except (DBAPIError, ServiceUnavailableError):
        log.warning("Could not record how a webhook fares.", exc_info=True)
        with suppress(DBAPIError):
            db.session.rollback()


def _build_call(endpoint: Endpoint, message: OutgoingMessage) -> OutboundRequest:
    event = read_event(message.values)
    db.session.rollback()  # nothing stays open in the database while the endpoint answers
    payload = FORMATS[endpoint.format].render(event, endpoint.target)
    timestamp = int(time.time())
    signed = signatures.headers(endpoint.secrets, message_id(message.id), timestamp, payload.body)
    own = {"content-type": payload.content_type, "user-agent": USER_AGENT}
    headers = _merge(payload.headers, endpoint.headers, own, signed)
    return OutboundRequest(endpoint.url, "POST", payload.body, headers)


def _merge(*parts: Mapping[str, str]) -> dict[str, str]:
    """Return headers, of which the last of a name counts; names ignore case."""
    merged = {name.lower(): (name, value) for part in parts for name, value in part.items()}
    return dict(merged.values())


def _exchange(call: OutboundRequest) -> Answer:
    try:
        response = send(call, public_only=True)
    except OutboundRefusedError as error:
        raise DeliveryError(str(error)) from error  # retried: the operator may allow it meanwhile
    except OutboundError as error:
        raise DeliveryError(f"No answer: {error}.") from error
    if not 200 <= response.status < 300:
        raise _failure(response)
    return Answer(_describe(response), response.status)


def _failure(response: OutboundResponse) -> DeliveryError:
    headers = {name.lower(): value for name, value in response.headers.items()}
    text = _describe(response)
    if 300 <= response.status < 400:
        location = readable_text(headers.get("location", "")[:MAX_LOCATION])
        text = f"{response.status} {REDIRECTED.format(location=location)}"
    return DeliveryError(
        text,
        permanent=response.status == GONE,
        status=response.status,
        retry_after=parse_retry_after(headers.get("retry-after", "")),
        slow_down=response.status in OVERLOADED,
    )


def _describe(response: OutboundResponse) -> str:
    # the log quotes the status alone
    text = readable_text(response.body[:MAX_ANSWER_SIZE].decode(errors="replace"))
    return f"{response.status} {text}".strip()


def _record_failure(endpoint: Endpoint, error: DeliveryError, *, is_test: bool) -> None:
    if error.reply.status == GONE:
        switch_off.disable_gone(endpoint.id)
    elif not is_test:  # a test says nothing about what owners miss
        reason = f"It answered {error.reply.status}." if error.reply.status else str(error)
        switch_off.record_failure(endpoint, reason)
