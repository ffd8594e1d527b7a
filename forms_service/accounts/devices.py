"""Sign-in devices, and their known networks and browsers."""

import secrets
from dataclasses import dataclass

from flask import after_this_request, request
from sqlalchemy import case, delete, select
from werkzeug.wrappers import Response

from forms_service.accounts.models import Account, KnownPlace
from forms_service.accounts.service import email_index
from forms_service.database.types import now
from forms_service.encryption.keyring import current_key_ring
from forms_service.extensions import db
from forms_service.rate_limiting.keys import email_limit_key
from forms_service.web.client import client_address, client_key
from forms_service.web.cookies import add_cookie, cookie_name
from forms_service.web.user_agents import MAX_LENGTH

COOKIE = "forms_browser"
"""Random, set at first sign-in."""

COOKIE_SECONDS = 180 * 86_400
COOKIE_LENGTH = 43
CONTEXT = "known_places.place"

MAX_PLACES = 20
"""Per account; least recently used are dropped."""


@dataclass(frozen=True)
class Device:
    client: str
    user_agent: str
    places: tuple[bytes, ...] = ()
    """Keyed hashes of browser (if identified) and network."""


def request_device() -> Device:
    index = current_key_ring().index
    browser = request.cookies.get(cookie_name(COOKIE), "")
    names = [f"browser {browser}"] if len(browser) == COOKIE_LENGTH else []
    places = tuple(index(name, CONTEXT) for name in [*names, f"network {client_key()}"])
    return Device(client_address(), request.headers.get("User-Agent", "")[:MAX_LENGTH], places)


def register_browser() -> Device:
    """Return the device; set a browser cookie if it has none."""
    device = request_device()
    if "Sec-Fetch-Mode" not in request.headers or len(device.places) > 1:
        return device
    browser = secrets.token_urlsafe(32)

    @after_this_request
    def remember(response: Response) -> Response:
        if response.status_code < 400:
            add_cookie(response, COOKIE, browser, COOKIE_SECONDS)
        return response

    place = current_key_ring().index(f"browser {browser}", CONTEXT)
    return Device(device.client, device.user_agent, (place, *device.places))


def attempts_key(email: str, device: Device) -> str:
    """Return the sign-in limit's key; known places count apart from strangers."""
    browser_first = case({place: order for order, place in enumerate(device.places)}, value=KnownPlace.place)
    place = db.session.scalar(
        select(KnownPlace.place)
        .join(Account, Account.id == KnownPlace.account_id)
        .where(Account.email_index == email_index(email), KnownPlace.place.in_(device.places))
        .order_by(browser_first)
        .limit(1)
    )
    return email_limit_key(email) + (f" {place.hex()}" if place else "")


def is_known(key: str) -> bool:
    return " " in key


def remember_device(account_id: object, device: Device) -> None:
    """Mark its places known, in the caller's transaction."""
    for place in device.places:
        db.session.merge(KnownPlace(account_id=account_id, place=place, last_used_at=now()))
    own = KnownPlace.account_id == account_id
    db.session.flush()
    newest = select(KnownPlace.place).where(own).order_by(KnownPlace.last_used_at.desc()).limit(MAX_PLACES)
    newest_places = db.session.scalars(newest).all()
    if len(newest_places) == MAX_PLACES:
        db.session.execute(delete(KnownPlace).where(own, KnownPlace.place.not_in(newest_places)))
