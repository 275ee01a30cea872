"""Where the hosts are that ketplan talks to: how deep a name may lead, asked before and held to afterwards.

A name's owner can let it lead elsewhere a moment after it was checked. So what was found about a name once is
remembered, and each connection is held to it before a byte is sent.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Resolve = Callable[[str], list[str]]

# An IPv4 address rides in the last four bytes of these.
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
# Where clouds answer their own machines' questions about credentials, beside the link-local addresses.
METADATA = tuple(map(ip_network, ("100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::/32", "fd20:ce::/32")))


class Depth(IntEnum):
    """How far inside an address lies."""

    PUBLIC = 0
    INNER = 1
    THIS_MACHINE = 2
    NOWHERE = 3
    """Nobody's server: neighbours on the wire, a cloud's metadata, many hosts at once, no address at all."""


def addresses(host: str) -> list[str]:
    """What `host` resolves to; an empty list when it does not."""
    try:
        return sorted({str(info[4][0]) for info in socket.getaddrinfo(host, None)})
    except (OSError, UnicodeError):
        return []


def depth(text: str) -> Depth:
    """Of an address as text, whatever it is wrapped in."""
    address = _plain(text)
    if address is None or any(address in network for network in METADATA):
        return Depth.NOWHERE
    if address.is_loopback:
        return Depth.THIS_MACHINE
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return Depth.NOWHERE
    return Depth.PUBLIC if address.is_global else Depth.INNER


def _plain(text: str) -> Address | None:
    """The address that is really meant: without zone, and IPv4 taken out of its IPv6 wrappings."""
    try:
        address = ip_address(text.split("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if inner := address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]:
            return inner
        if any(address in network for network in NAT64):
            return IPv4Address(int(address) & 0xFFFFFFFF)
        if int(address) > 1 and int(address) >> 32 == 0:
            return IPv4Address(int(address))
    return address


class Peers:
    """The names one process has looked up. `resolve` gives the addresses of a name."""

    def __init__(self, resolve: Resolve = addresses) -> None:
        self._resolve = resolve
        self._led: dict[str, Depth] = {}

    def addresses(self, host: str) -> list[str]:
        """What `host` resolves to. How deep that is, the first time, binds every connection to it."""
        found = self._resolve(host)
        self._led.setdefault(_name(host), _deepest(found))
        return found

    def allows(self, host: str, peer: str) -> bool:
        """Whether a connection meant for `host` may stay with the address `peer` it came out at.

        A host nobody asked about is an EHR's own, which the site has configured: it may be anywhere but
        nowhere.
        """
        return depth(peer) <= self._led.get(_name(host), Depth.THIS_MACHINE)


def may_name(host: str, home: str, resolve: Resolve) -> bool:
    """Whether the EHR at `home` may name `host`: a public one, or an inner one where `home` is inner too."""
    led = _deepest(resolve(host))
    return led is Depth.PUBLIC or (led is Depth.INNER and _deepest(resolve(home)) > Depth.PUBLIC)


def _deepest(found: Iterable[str]) -> Depth:
    return max(map(depth, found), default=Depth.PUBLIC)


def _name(host: str) -> str:
    return host.lower().rstrip(".")
