"""One pass over the outbox: what is due is claimed, sent and written down, one message after the other."""

import logging
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from forms_service.delivery import claims
from forms_service.delivery.claims import Claim
from forms_service.delivery.mail import Mailer
from forms_service.delivery.parcel import DeliveryError, Sender
from forms_service.web.logs import event

SENDERS: dict[str, Callable[[], Sender]] = {"mail": Mailer}
"""Who sends what goes by a channel."""

REPLY_CODE = re.compile(r"\d{3}\b")

log = logging.getLogger(__name__)


def deliver_due(stopping: Callable[[], bool] = lambda: False) -> int:
    """One pass: send all that is due, until `stopping`; how many messages were tried."""
    tried = 0
    with _senders() as senders:
        while not stopping() and (claimed := claims.claim(*senders)):
            _deliver(claimed, senders[claimed.channel])
            tried += 1
    return tried


def deliver_one(identity: uuid.UUID) -> bool:
    """Send this message now, like any other; False if another worker has it in hand."""
    with _senders() as senders:
        claimed = claims.claim(*senders, only=identity)
        if claimed:
            _deliver(claimed, senders[claimed.channel])
    return claimed is not None


@contextmanager
def _senders() -> Iterator[dict[str, Sender]]:
    """A sender for each channel, which may keep a connection for the whole of a pass."""
    senders = {channel: make() for channel, make in SENDERS.items()}
    try:
        yield senders
    finally:
        for sender in senders.values():
            sender.close()


def _deliver(claimed: Claim, sender: Sender) -> None:
    """Send what was claimed; no transaction is open meanwhile."""
    try:
        parcel = claims.parcel(claimed)
        if parcel is None:
            return
        answer, outcome = sender.send(parcel), "sent"
    except DeliveryError as error:
        answer, outcome = str(error), "failed" if error.permanent or claims.expires(claimed) else "again"
    except Exception as error:  # (one message that cannot be made must not keep the others)
        log.exception("A message could not be made.", extra={"fields": {"kind": claimed.kind, "id": claimed.id}})
        answer, outcome = type(error).__name__, "failed" if claims.expires(claimed) else "again"
    claims.record(claimed, answer, outcome=outcome)
    _tell(claimed, answer, outcome)


def _tell(claimed: Claim, answer: str, outcome: str) -> None:
    """Log what became of it; of what a server said only the code, since the rest may hold an address."""
    code = REPLY_CODE.match(answer)
    level = {"sent": logging.DEBUG, "again": logging.WARNING}.get(outcome, logging.ERROR)
    fields = {"kind": claimed.kind, "id": claimed.id, "attempt": claimed.attempts}
    event(f"{claimed.channel}_{outcome}", level=level, **fields, reason=code[0] if code else answer)
