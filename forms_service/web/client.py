"""The client's address, as stored, counted and logged."""

import ipaddress
from functools import lru_cache

from flask import request

REMEMBERED = 1024
"""Cached addresses; parsing one takes 20 µs."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address() -> str:
    """Return the address in its shortest form; "unknown" behind a Unix socket without a trusted proxy."""
    return str(_parsed(request.remote_addr or "") or "unknown")


def client_key() -> str:
    """Return the key of rate limits: the IPv4 address, or the /64 network that an IPv6 customer gets."""
    return _key(request.remote_addr or "")


def client_for_log(how: str) -> str | None:
    """Return the address by LOG_CLIENT: `truncated` to IPv4 /24 or IPv6 /48, `full`, or `none`."""
    return _for_log(request.remote_addr or "", how)


@lru_cache(REMEMBERED)
def _key(remote: str) -> str:
    address = _parsed(remote)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address or "unknown")


@lru_cache(REMEMBERED)
def _for_log(remote: str, how: str) -> str | None:
    address = _parsed(remote)
    if how == "none" or address is None:
        return None
    if how == "full":
        return str(address)
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False).network_address)


@lru_cache(REMEMBERED)
def _parsed(remote: str) -> Address | None:
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
