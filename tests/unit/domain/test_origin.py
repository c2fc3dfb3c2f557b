"""Addresses as they may be kept."""

import pytest

from musearoo.domain.origin import cut_address


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, kept: str) -> None:
    """Logs name a network, not a person; an IPv4 address in IPv6 clothes counts as IPv4."""
    assert cut_address(address) == kept
