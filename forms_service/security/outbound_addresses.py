"""Addresses allowed for outbound requests, against SSRF."""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FORBIDDEN_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("192.88.99.0/24", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16"),
    )
)
"""Global to some Python versions: relays, translators, documentation, segment routing."""

METADATA_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("169.254.0.0/16", "fd00:ec2::/32", "fe80::/10", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32"),
    )
)
"""Cloud metadata services, blocked even in allowed networks."""


def is_allowed(address: str, networks: Iterable[Network] = ()) -> bool:
    """Whether to connect to a resolved address; `networks` may be private."""
    try:
        parsed = _unmap(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if _in_any(parsed, METADATA_NETWORKS):
        return False
    return _in_any(parsed, networks) or (
        parsed.is_global and not parsed.is_multicast and not _in_any(parsed, FORBIDDEN_NETWORKS)
    )


def _unmap(address: Address) -> Address:
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _in_any(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
