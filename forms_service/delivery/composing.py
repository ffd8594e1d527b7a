"""A mail from the templates of its kind: `templates/mails/<kind>/` has `subject.txt`, `text.txt` and maybe `html.html`.

What goes wrong in a template is an exception: a name it has no value for, too.
"""

from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import cast

from email_validator import validate_email
from flask import Flask, current_app
from jinja2 import Environment, StrictUndefined, TemplateNotFound

from forms_service.config import settings
from forms_service.delivery.parcel import Parcel

REPLY_TO = "_reply_to"
LONGEST_SUBJECT = 200
LONGEST_LINE = 990
"""Octets of a line that SMTP carries, less a little."""


def init_app(app: Flask) -> None:
    """Give the app its templates of mails."""
    app.extensions["mails"] = app.jinja_env.overlay(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def compose(parcel: Parcel) -> EmailMessage:
    """The mail, the same on every try but for what the templates say now."""
    values = {"app_name": settings.app_name, "public_url": settings.public_url, **parcel.values}
    message = EmailMessage()
    message["From"] = _sender()
    message["To"] = mailbox(parcel.target)
    with suppress(ValueError):  # people type it
        message["Reply-To"] = mailbox(values.get(REPLY_TO) or "")
    message["Subject"] = _one_line(_rendered(parcel.kind, "subject.txt", values))[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(parcel.created_at)
    message["Message-ID"] = f"<{parcel.id}@{sender_address().domain}>"
    message["Auto-Submitted"] = "auto-generated"
    text = _rendered(parcel.kind, "text.txt", values).strip() + "\n"
    message.set_content(text, cte=_encoding(text))
    try:
        html = _rendered(parcel.kind, "html.html", values)
    except TemplateNotFound:
        return message
    message.add_alternative(html, subtype="html", cte=_encoding(html))
    return message


def mailbox(address: str) -> Address:
    """The address as it is written on a mail, its domain in ASCII.

    :raises ValueError: when it is no address
    """
    parsed = validate_email(address, check_deliverability=False, test_environment=True)
    return Address(username=parsed.local_part, domain=parsed.ascii_domain)


def sender_address() -> Address:
    """Whom our mails are from, without the name."""
    local_part, _, domain = parseaddr(settings.mail_from)[1].rpartition("@")
    return Address(username=local_part, domain=domain)


def _sender() -> Address:
    name, _ = parseaddr(settings.mail_from)
    address = sender_address()
    return Address(display_name=name or settings.app_name, username=address.username, domain=address.domain)


def _rendered(kind: str, part: str, values: dict[str, object]) -> str:
    environment = cast("Environment", current_app.extensions["mails"])
    return environment.get_template(f"mails/{kind}/{part}").render(values)


def _one_line(text: str) -> str:
    """What people typed may be in a subject, and must not begin a header of its own."""
    return "".join(filter(str.isprintable, " ".join(text.split())))


def _encoding(text: str) -> str:
    """Plain where that will do, so that a link stays readable in the source; never 8bit, which not all servers take."""
    plain = text.isascii() and all(len(line) <= LONGEST_LINE for line in text.encode().splitlines())
    return "7bit" if plain else "quoted-printable"
