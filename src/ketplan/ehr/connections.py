"""Connections that stay only with an address their host may lead to, checked before a byte is sent.

Through a proxy, which looks names up itself, connections are the proxy's affair and not held to anything.
"""

from __future__ import annotations

import socket

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ketplan.ehr.peers import Peers
from ketplan.errors import Fatal


def held(peers: Peers) -> dict[str, type[HTTPConnectionPool]]:
    """The pools to use for each scheme, so that every connection asks `peers`."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _kept(super()._new_conn(), self.host, peers)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _kept(super()._new_conn(), self.host, peers)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _kept(connected: socket.socket, host: str, peers: Peers) -> socket.socket:
    if peers.allows(host, connected.getpeername()[0]):
        return connected
    connected.close()
    raise Fatal("An address of the EHR leads into a network it may not lead to, so nothing was sent there.")
