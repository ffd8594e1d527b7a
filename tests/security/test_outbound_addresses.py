"""Addresses that are public, and those that are not."""

import ipaddress

import pytest

from forms_service.security.outbound_addresses import is_allowed

PRIVATE = [
    "0.0.0.0 10.1.2.3 127.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1",
    "192.0.0.9 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 168.63.129.16 100.100.100.200",
    ":: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::",
    "::7f00:1 ::ffff:0:7f00:1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 4000::1",
    "nonsense",
]


@pytest.mark.parametrize("address", " ".join(PRIVATE).split())
def test_what_is_not_public_is_not_allowed(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "100.128.0.1"])
def test_what_is_public_is_allowed(address: str) -> None:
    assert is_allowed(address)


def test_an_operator_can_allow_private_networks_but_no_metadata() -> None:
    networks = [ipaddress.ip_network("172.18.0.0/16"), ipaddress.ip_network("169.254.0.0/16")]
    assert is_allowed("172.18.0.5", networks)
    assert is_allowed("::ffff:172.18.0.5", networks)
    assert not is_allowed("172.19.0.5", networks)
    assert not is_allowed("169.254.169.254", networks)


def test_metadata_behind_a_translator_stays_shut() -> None:
    networks = [ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16")]
    assert is_allowed("64:ff9b::808:808", networks)
    assert not is_allowed("64:ff9b::a9fe:a9fe", networks)
    assert not is_allowed("2002:a9fe:a9fe::", networks)
