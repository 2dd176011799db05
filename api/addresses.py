"""The network address of who asks: the peer of the connection, or the one that a proxy of ours names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

MOST_HOPS = 16  # of a header; more is nobody's network


def client_address(peer: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    """The last hop of `peer`'s and `forwarded` (X-Forwarded-For: client, proxy, proxy) that is no proxy of ours.

    What a stranger writes into the header stands to the left of the address that our own proxy adds, and is never reached.
    """
    networks = _networks(trusted)
    address = peer
    hops = forwarded.split(",")[-MOST_HOPS:] if forwarded else []
    while hops and _is_ours(address, networks):
        named = _canonical(hops.pop())
        if not named:  # not an address: whoever is beyond that proxy, it did not say
            return address
        address = named
    return address


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, trusted))


def _is_ours(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    canonical = _canonical(address)
    return bool(canonical) and any(ip_address(canonical) in network for network in networks)


def _canonical(text: str) -> str:
    """One spelling for each address; an IPv4 address inside IPv6 is that IPv4 address. Empty for what is none."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    inner = getattr(address, "ipv4_mapped", None)
    return str(inner or address)
