"""Renders a mail from `templates/mails/<kind>/`: `subject.txt`, `text.txt`, optionally `html.html`."""

import re
from dataclasses import dataclass, field
from email.generator import BytesGenerator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from io import BytesIO
from textwrap import fill
from typing import Any, cast

from email_validator import validate_email
from flask import Flask, current_app
from jinja2 import Environment, StrictUndefined, TemplateNotFound

from forms_service.config import settings
from forms_service.delivery.mail_headers import Field, address_field, check_headers, text_field
from forms_service.delivery.message import OutgoingMessage
from forms_service.languages.formats import ENGLISH
from forms_service.validation.fields import MAX_EMAIL_LENGTH
from forms_service.validation.text import collapse_whitespace, strip_controls
from forms_service.web.languages import in_language

# reserved values of a payload, all of them optional
REPLY_TO = "_reply_to"
UNSUBSCRIBE = "_unsubscribe"
"""URL, for one click (RFC 8058)."""

AUTOMATIC_REPLY = "_automatic_reply"
"""True for an answer to a person (RFC 3834): null envelope sender."""

SENDER_NAME = "_sender_name"
"""Display name of MAIL_FROM, instead of its own."""

ATTACHMENTS = "_attachments"
"""A list of `Attachment`."""

LANGUAGE = "_language"
"""Of the mail's own sentences, instead of English."""

ANSWERABLE = "_answerable"
"""Whether there is a Reply-To."""

MAX_SUBJECT = 200
MAX_WIDTH = 76
"""Characters of a line of our own sentences."""

MAX_LINE = 990
"""Octets, just below SMTP's limit."""

MAX_QUOTED_PRINTABLE = 20_000
"""Characters: quoting 1 MB takes 150 ms, base64 30 ms."""

NOT_PLAIN = re.compile(r"[^\t\n -~]")


@dataclass(frozen=True)
class Attachment:
    """A file in a mail."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Mail:
    """A rendered mail with its envelope."""

    sender: str
    recipient: str
    content: bytes = field(repr=False)
    text: str = field(repr=False)
    international: bool = False
    """Needs SMTPUTF8 (RFC 6531) for a non-ASCII address."""


def init_app(app: Flask) -> None:
    """Create the template environment."""
    environment = app.jinja_env.overlay(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["wrapped"] = _wrap
    app.extensions["mails"] = environment


def render_mail(outgoing: OutgoingMessage, *, international: bool = False) -> Mail:
    """Render the mail, the same on retries.

    Only an `international` one has a non-ASCII Reply-To.
    """
    with in_language(outgoing.values.get(LANGUAGE, ENGLISH)):
        return _render_mail(outgoing, international=international)


def _render_mail(outgoing: OutgoingMessage, *, international: bool) -> Mail:
    sender, recipient = _sender(outgoing.values.get(SENDER_NAME)), mailbox(outgoing.target)
    reply_to = _reply_to(outgoing.values, international)
    values = {
        "app_name": settings.app_name,
        "public_url": settings.public_url,
        **outgoing.values,
        ANSWERABLE: reply_to is not None,
    }
    message = EmailMessage()
    message["From"] = address_field("From", sender)
    message["To"] = address_field("To", recipient)
    if reply_to:
        message["Reply-To"] = address_field("Reply-To", reply_to)
    message["Subject"] = text_field("Subject", _subject(_render(outgoing.kind, "subject.txt", values)))
    message["Date"] = format_datetime(outgoing.created_at)
    message["Message-ID"] = f"<{outgoing.id}@{sender_address().domain}>"
    _add_list_headers(message, outgoing.values)
    text = _render(outgoing.kind, "text.txt", values).strip() + "\n"
    _set_content(message, outgoing.kind, text, values)
    for attachment in outgoing.values.get(ATTACHMENTS, ()):
        _attach(message, attachment)
    utf8 = not all(address.addr_spec.isascii() for address in (sender, recipient, reply_to or recipient))
    envelope_sender = "" if outgoing.values.get(AUTOMATIC_REPLY) else sender.addr_spec
    return Mail(envelope_sender, recipient.addr_spec, _flatten(message, utf8=utf8), text, international=utf8)


def mailbox(address: str) -> Address:
    """Parse an address, with the domain in ASCII.

    :raises ValueError: when invalid
    """
    parsed = validate_email(address, check_deliverability=False, test_environment=True)
    return Address(username=parsed.local_part, domain=parsed.ascii_domain)


def sender_address() -> Address:
    """Return the address in MAIL_FROM."""
    local_part, _, domain = parseaddr(settings.mail_from)[1].rpartition("@")
    return Address(username=local_part, domain=domain)


def _sender(shown: str | None) -> Address:
    name = _subject(shown) if shown else parseaddr(settings.mail_from)[0]
    address = sender_address()
    return Address(display_name=name or settings.app_name, username=address.username, domain=address.domain)


def _render(kind: str, part: str, values: dict[str, object]) -> str:
    environment = cast("Environment", current_app.extensions["mails"])
    return environment.get_template(f"mails/{kind}/{part}").render(values)


def _wrap(text: str) -> str:
    return fill(text, MAX_WIDTH, break_long_words=False, break_on_hyphens=False)


def _subject(text: str) -> str:
    line = strip_controls(collapse_whitespace(text[: MAX_SUBJECT * 4]))
    return line if len(line) <= MAX_SUBJECT else line[:MAX_SUBJECT].rstrip("\u200d")  # zero-width joiner


def _reply_to(values: dict[str, Any], international: bool) -> Address | None:
    typed = values.get(REPLY_TO) or ""
    if len(typed) > MAX_EMAIL_LENGTH:
        return None
    try:
        address = mailbox(typed)
    except ValueError:
        return None
    return address if international or address.addr_spec.isascii() else None


def _set_content(message: EmailMessage, kind: str, text: str, values: dict[str, object]) -> None:
    message.set_content(text, cte=_encoding(text))
    try:
        html = _render(kind, "html.html", values)
    except TemplateNotFound:
        return
    message.add_alternative(html, subtype="html", cte=_encoding(html))


def _add_list_headers(message: EmailMessage, values: dict[str, Any]) -> None:
    if values.get(AUTOMATIC_REPLY):
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"  # Exchange
    else:
        message["Auto-Submitted"] = "auto-generated"
    if values.get(UNSUBSCRIBE):
        message["List-Unsubscribe"] = Field("List-Unsubscribe", f"<{values[UNSUBSCRIBE]}>")
        if values[UNSUBSCRIBE].startswith("https:"):  # RFC 8058 allows one click for no other
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _attach(message: EmailMessage, attachment: Attachment) -> None:
    main, _, sub = attachment.content_type.partition("/")
    name = attachment.name.replace("=?", "=_")  # `email` decodes encoded words, line breaks too (CVE-2024-6923)
    message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=name)


def _flatten(message: EmailMessage, *, utf8: bool) -> bytes:
    buffer = BytesIO()
    BytesGenerator(buffer, policy=SMTP.clone(utf8=utf8)).flatten(message)
    check_headers(buffer.getvalue(), message)
    return buffer.getvalue()


def _encoding(text: str) -> str:
    # never 8bit, which some servers refuse; quoted-printable keeps links readable in the source
    if not NOT_PLAIN.search(text) and all(len(line) <= MAX_LINE for line in text.split("\n")):
        return "7bit"
    return "quoted-printable" if len(text) <= MAX_QUOTED_PRINTABLE else "base64"
