"""Fields of settings: origins, URLs, colours, times, addresses, networks."""

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from forms_service.form_schema.special_fields import RESERVED
from forms_service.validation.base import Messages
from forms_service.validation.datetimes import parse_utc
from forms_service.validation.fields import clean_address, is_email
from forms_service.validation.primitives import SingleLine
from forms_service.validation.urls import is_web_url, parse_origin_pattern, to_ascii_host

COLOR = re.compile("#[0-9a-f]{6}")
OFFSET = re.compile("([Zz]|[+-][0-9]{2}:[0-9]{2})\\Z")
MAX_MOMENT_LENGTH = 50


class Origin(SingleLine):
    """Origin of a site, or a wildcard for its subdomains."""

    default_error_messages: Messages = {
        "invalid_origin": "Must be an origin without a path, such as https://www.example.com or https://*.example.com."
    }

    def _checked(self, value: str) -> str:
        try:
            return parse_origin_pattern(value)
        except ValueError as error:
            raise self.make_error("invalid_origin") from error


class WebUrl(SingleLine):
    """An absolute http or https URL."""

    default_error_messages: Messages = {
        "invalid_url": "Must be a full URL without user name and password, such as https://example.com/thanks.",
        "host_not_ascii": "Write the host as browsers do: {host}",
    }

    def _checked(self, value: str) -> str:
        try:
            host = to_ascii_host(value) if is_web_url(value) else ""
        except ValueError:
            host = ""
        if not host:
            raise self.make_error("invalid_url")
        if not urlsplit(value).netloc.isascii():  # pages send the ASCII form, so this one would never match
            raise self.make_error("host_not_ascii", host=host)
        return value


class SenderPattern(SingleLine):
    """An e-mail address, or @ and a domain."""

    default_error_messages: Messages = {"invalid_email": "Must be an e-mail address, or a domain such as @example.com."}

    def _checked(self, value: str) -> str:
        address = clean_address(value)
        if not is_email(f"x{address}" if address.startswith("@") else address):
            raise self.make_error("invalid_email")
        return address


class Network(SingleLine):
    """An IP address or network."""

    default_error_messages: Messages = {"invalid_network": "Must be an IP address, or a network such as 192.0.2.0/24."}

    def _checked(self, value: str) -> str:
        try:
            return str(ipaddress.ip_network(value.strip(), strict=False))
        except ValueError as error:
            raise self.make_error("invalid_network") from error


class HoneypotName(SingleLine):
    """A honeypot's name."""

    default_error_messages: Messages = {"reserved": "This name is reserved. Choose another."}

    def _checked(self, value: str) -> str:
        if value in RESERVED:
            raise self.make_error("reserved")
        return value


class SecureUrl(WebUrl):
    """An absolute https URL: browsers show no http image on an https page."""

    default_error_messages: Messages = {"not_https": "Must begin with https://."}

    def _checked(self, value: str) -> str:
        url = super()._checked(value)
        if urlsplit(url).scheme != "https":
            raise self.make_error("not_https")
        return url


class Color(SingleLine):
    """A colour as `#rrggbb`, in lower case."""

    default_error_messages: Messages = {"invalid_color": "Must be a colour such as #1d4f91."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(len("#1d4f91"), **kwargs)
        self.json_schema = {"pattern": "^#[0-9A-Fa-f]{6}$"}

    def _checked(self, value: str) -> str:
        color = value.lower()
        if not COLOR.fullmatch(color):
            raise self.make_error("invalid_color")
        return color


class Moment(SingleLine):
    """A date-time of RFC 3339, as text in UTC."""

    default_error_messages: Messages = {
        "invalid_datetime": "Must be a date and time with its offset from UTC, such as 2027-03-01T09:00:00+01:00."
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(MAX_MOMENT_LENGTH, **kwargs)
        self.json_schema = {"format": "date-time"}

    def _checked(self, value: str) -> str:
        try:
            if not OFFSET.search(value):
                raise ValueError("no offset")
            return parse_utc(value).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
        except ValueError:
            raise self.make_error("invalid_datetime") from None
