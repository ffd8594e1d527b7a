"""Addresses allowed for outbound requests, against SSRF."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
"""Others are reserved, local, or translated."""

FORBIDDEN_NETWORKS = _networks("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
"""Global only to some Python versions: protocol assignments, relays, documentation."""

METADATA_NETWORKS = _networks(
    "169.254.0.0/16",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "fd00:42::42/128",
    "fd00:a9fe:a9fe::/64",
    "fd00:ec2::/32",
    "fd20:ce::/64",
    "fe80::/10",
)
"""Blocked even in allowed networks."""

TRANSLATED_NETWORKS = _networks("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
"""Their last 32 bits are an IPv4 address."""


@dataclass(frozen=True)
class AllowList:
    """Hosts and networks that may be private."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()


def find_refusal(scheme: str, host: str, addresses: Sequence[str], allow: AllowList) -> str | None:
    """Return why not to connect and how to allow it, or None."""
    is_listed = host in allow.hosts
    for address in addresses:
        subject = f"{host} is" if _parse(host) else f"{host} resolves to {_parse(address) or address},"
        if _is_metadata(address):
            return f"{subject} an address for cloud metadata, which is never allowed. Use another host."
        if not is_listed and not is_allowed(address, allow.networks):
            kind = "private" if _is_private(address) else "reserved"
            return f"{subject} a {kind} address. To allow it, add {_entries(host, address)} to OUTBOUND_ALLOW."
    if scheme == "https" or is_listed or all(_in_any(_parse(address), allow.networks) for address in addresses):
        return None
    return f"Must be an https URL. To allow http, add {_entries(host, addresses[0])} to OUTBOUND_ALLOW."


def is_allowed(address: str, networks: Iterable[Network] = ()) -> bool:
    """Whether to connect; `networks` may be private."""
    parsed = _parse(address)
    return not _is_metadata(address) and (_in_any(parsed, networks) or _is_public(parsed))


def _is_public(address: Address | None) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_IPV6:
        return False
    return bool(address and address.is_global and not address.is_multicast and not _in_any(address, FORBIDDEN_NETWORKS))


def _is_private(address: str) -> bool:
    parsed = _parse(address)
    return bool(parsed and parsed.is_private)


def _is_metadata(address: str) -> bool:
    parsed = _parse(address)
    return any(_in_any(candidate, METADATA_NETWORKS) for candidate in (parsed, _translate(parsed)))


def _translate(address: Address | None) -> ipaddress.IPv4Address | None:
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if _in_any(address, TRANSLATED_NETWORKS):
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.sixtofour


def _parse(address: str) -> Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


def _in_any(address: Address | None, networks: Iterable[Network]) -> bool:
    return address is not None and any(
        address.version == network.version and address in network for network in networks
    )


def _entries(host: str, address: str) -> str:
    parsed = _parse(address)
    network = f"{parsed}/{parsed.max_prefixlen}" if parsed else address
    return network if _parse(host) else f"{host} or {network}"
