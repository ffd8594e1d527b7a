"""DNS records of outgoing mail."""

import ipaddress

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

TIMEOUT = 2.0
"""Seconds."""


def find_text(name: str, prefix: str) -> str | None:
    """Return the TXT record, "" if missing; None without a DNS response."""
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
    """Return a record that authorizes the server, by name or address."""
    try:
        address = ipaddress.ip_address(server)
    except ValueError:
        return f"v=spf1 a:{server} ~all"
    return f"v=spf1 ip{address.version}:{address} ~all"


def is_loopback(server: str) -> bool:
    try:
        return ipaddress.ip_address(server).is_loopback
    except ValueError:
        return server == "localhost"
