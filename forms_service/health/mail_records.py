"""The DNS records that mails of this service need: what they should say, and what DNS says they are."""

import ipaddress

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

TIMEOUT = 2.0
"""Seconds that DNS has for an answer."""


def find_text(name: str, prefix: str) -> str | None:
    """The TXT record of a name that begins so, "" where there is none; None when DNS gives no answer."""
    resolver = Resolver()
    try:
        answer = resolver.resolve(name, "TXT", lifetime=TIMEOUT)
    except (NXDOMAIN, NoAnswer):
        return ""
    except (DNSException, OSError):
        return None
    texts = (b"".join(record.strings).decode("ascii", "replace") for record in answer)
    return next((text for text in texts if text.lower().startswith(prefix)), "")


def spf_record(server: str) -> str:
    """An SPF record that lets the mail server send: by its name, or by its address."""
    try:
        address = ipaddress.ip_address(server)
    except ValueError:
        return f"v=spf1 a:{server} ~all"
    return f"v=spf1 ip{address.version}:{address} ~all"


def is_loopback(server: str) -> bool:
    """Whether it is this machine, by an address that nobody else knows it by."""
    try:
        return ipaddress.ip_address(server).is_loopback
    except ValueError:
        return server == "localhost"
